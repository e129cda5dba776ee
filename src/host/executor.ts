import type { Readable } from 'node:stream';
import type { Ending } from './command-error.ts';

/** What goes into a running command, what comes out of it, and when it is given up. */
export interface Execution {
  readonly stdin?: string | Uint8Array | Readable | undefined;
  /** Gives the command up: its channel is closed and the promise rejects with the signal's reason. */
  readonly signal: AbortSignal;
  readonly onStdout: (chunk: Buffer) => void;
  readonly onStderr: (chunk: Buffer) => void;
}

/** Where shell lines run: behind a connection, or here. */
export interface Executor extends AsyncDisposable {
  /** Why the connection was lost, when it was and the reason is known. */
  readonly lostBy: Error | undefined;
  /**
   * Runs a line in the login shell. Resolves with how it ended, or undefined when the connection was lost.
   * Rejects with the signal's reason, with the error of a stdin stream, or with SessionRefused. A stdin
   * stream is read at the pace of the command and destroyed when the command ends.
   */
  execute(line: string, execution: Execution): Promise<Ending | undefined>;
  /** The same for a command that stays: it takes no place among those that come and go. */
  executeBeside(line: string, execution: Execution): Promise<Ending | undefined>;
}

/** The other side lets no further command in on this connection. */
export class SessionRefused extends Error {}
