import { RUN_DIR } from '../cluster/paths.ts';
import type { Command } from '../host/command.ts';
import { CommandError } from '../host/command-error.ts';
import type { Held, Host, Output } from '../host/host.ts';
import { remoteScript } from '../host/remote-script.ts';
import { KbootError } from '../lib/errors.ts';

/** Commands that change a machine hold a shared lock on this file for as long as they run. */
export const BUSY = `${RUN_DIR}/lock.busy`;

/** What the holder of the machine's lock proves itself by. */
export const LOCK_TOKEN = `${RUN_DIR}/lock.token`;

/** Exit status of as-holder.sh where the sender no longer holds the lock. Programs that kboot runs end with others. */
const LOST = 97;

/**
 * A host whose changes can be waited for after their kboot is gone: when kboot is killed or the connection
 * drops, a command goes on to its end on the machine, and the next run must not work beside it. A kboot that was
 * silent for so long that somebody else could take the lock (a suspended computer) changes nothing more: its next
 * change throws LOCKED.
 */
export class ExclusiveHost implements Host {
  readonly name: string;
  readonly #inner: Host;
  readonly #under: readonly string[];

  /** `token` is that of the machine's lock. */
  constructor(inner: Host, token: string) {
    this.name = inner.name;
    this.#inner = inner;
    this.#under = ['flock', '--shared', BUSY, ...remoteScript('session/as-holder', token, LOCK_TOKEN).argv];
  }

  query(command: Command, signal?: AbortSignal): Promise<Output> {
    return this.#inner.query(command, signal);
  }

  change(command: Command, signal?: AbortSignal): Promise<Output> {
    return this.#held(this.#inner.change({ ...command, under: this.#under }, signal));
  }

  writeFile(path: string, content: string, mode: number, signal?: AbortSignal): Promise<void> {
    return this.#held(this.#inner.writeFile(path, content, mode, signal, this.#under));
  }

  hold(command: Command, signal?: AbortSignal): Promise<Held> {
    return this.#inner.hold(command, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#inner[Symbol.asyncDispose]();
  }

  async #held<T>(change: Promise<T>): Promise<T> {
    try {
      return await change;
    } catch (cause) {
      if (!(cause instanceof CommandError) || cause.exitCode !== LOST) throw cause;
      throw new KbootError('LOCKED', `${this.name}: the connection was silent, and its lock was let go`, {
        host: this.name,
        cause,
        hint: 'nothing more was changed; run the same command again: it goes on where it stopped',
      });
    }
  }
}
