import type { Readable, Writable } from 'node:stream';

/** A stream that may be a terminal. */
type Terminal<S> = S & { readonly isTTY?: boolean; readonly columns?: number };

/** Everything a run takes from the world around it. Only bin.ts builds one from `process`. */
export interface Io {
  /** The arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The current folder, absolute: relative paths of the command line are resolved against it. */
  readonly cwd: string;
  /** The user's home folder, absolute: `~/` in kboot.yaml, `~/.ssh`. */
  readonly home: string;
  readonly stdin: Terminal<Readable>;
  /** Results only: a kubeconfig, a plan, JSON. */
  readonly stdout: Terminal<Writable>;
  /** Progress, warnings and errors. */
  readonly stderr: Terminal<Writable>;
  /** Aborts at the first Ctrl-C, SIGTERM or SIGHUP; its reason is a KbootError CANCELLED. */
  readonly signal: AbortSignal;
}
