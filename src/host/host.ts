import type { Command } from './command.ts';

/** What a command wrote. Both texts are whole and untrimmed. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * One machine. Everything kboot does to it passes through these methods; reading and changing are two of
 * them, so that a dry run is a decorator.
 *
 * All of them throw KbootError: HOST_UNREACHABLE when the connection is lost (never a success),
 * COMMAND_FAILED with the command and the last line of stderr for a non-zero exit (a CommandError, which
 * carries exitCode, stdout and stderr), TIMED_OUT at the time limit, SUDO_REFUSED when root is not to be had.
 * When `signal` aborts they reject with its reason.
 */
export interface Host {
  /** The machine's name in kboot.yaml, lower case. */
  readonly name: string;
  /** Reads. Must leave the machine as it was. Runs in a dry run too. */
  query(command: Command, signal?: AbortSignal): Promise<Output>;
  /** Changes. In a dry run it is written down instead of run. */
  change(command: Command, signal?: AbortSignal): Promise<Output>;
  /**
   * Writes a root-owned file: into a temporary name beside it, synced, then renamed; parents are made. `under` is as
   * Command.under.
   */
  writeFile(
    path: string,
    content: string,
    mode: number,
    signal?: AbortSignal,
    under?: readonly string[],
  ): Promise<void>;
  /**
   * Holds a command open on the machine for as long as the returned handle lives (a lock): resolves with its
   * first line of output. It has to end at the end of its standard input, which comes when the handle is
   * disposed or the connection is lost. Every HEARTBEAT_MS it is sent a line break: silence tells it that nobody
   * holds it any more, also where the connection died without a word. One that goes on printing is let go.
   */
  hold(command: Command, signal?: AbortSignal): Promise<Held>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A command that runs until it is let go. */
export interface Held extends AsyncDisposable {
  readonly firstLine: string;
}
