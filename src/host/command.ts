import type { Readable } from 'node:stream';

/** A command as a program and its arguments. It is never a string that a shell has to split. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  /** A program that runs the command (a lock), with its arguments: it is not what messages are about. */
  readonly under?: readonly string[];
  /** Text or bytes for standard input; a stream is read to its end and never held in memory. */
  readonly stdin?: string | Uint8Array | Readable;
  /** Run as root. Ignored where the login is root already. */
  readonly sudo?: boolean;
  /** What the command prints holds a secret: it is kept out of the log. */
  readonly secretOutput?: boolean;
  /** Milliseconds until the command is given up; the host's own limit when absent. */
  readonly timeoutMs?: number;
}

/** Environment of processes that only read what the operator sends: without it they wait for nothing. */
export const STREAM_MARK = 'KBOOT_STREAM=yes';

const SAFE = /^[\w@%+=:,./-]+$/;

/** Quotes one word for a POSIX shell. */
export function quote(word: string): string {
  return SAFE.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** An argument list as one line of POSIX shell. */
export function toShell(argv: readonly string[]): string {
  return argv.map(quote).join(' ');
}
