import { RUN_DIR } from '../facts/paths.ts';
import type { Command } from '../host/command.ts';
import type { Held, Host, Output } from '../host/host.ts';

/** Commands that change a machine hold a shared lock on this file for as long as they run. */
export const BUSY = `${RUN_DIR}/lock.busy`;

const UNDER = ['flock', '--shared', BUSY] as const;

/**
 * A host whose changes can be waited for after their kboot is gone: when kboot is killed or the connection
 * drops, a command goes on to its end on the machine, and the next run must not work beside it.
 */
export class ExclusiveHost implements Host {
  readonly name: string;
  readonly #inner: Host;

  constructor(inner: Host) {
    this.name = inner.name;
    this.#inner = inner;
  }

  query(command: Command, signal?: AbortSignal): Promise<Output> {
    return this.#inner.query(command, signal);
  }

  change(command: Command, signal?: AbortSignal): Promise<Output> {
    return this.#inner.change({ ...command, under: UNDER }, signal);
  }

  writeFile(path: string, content: string, mode: number, signal?: AbortSignal): Promise<void> {
    return this.#inner.writeFile(path, content, mode, signal, UNDER);
  }

  hold(command: Command, signal?: AbortSignal): Promise<Held> {
    return this.#inner.hold(command, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#inner[Symbol.asyncDispose]();
  }
}
