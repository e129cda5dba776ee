import { Readable } from 'node:stream';
import type { Command } from './command.ts';
import { describe } from './describe.ts';
import type { Held, Host, Output } from './host.ts';

const NOTHING: Output = { stdout: '', stderr: '' };

/** A host that answers questions, and writes down what would be changed instead of changing it. */
export class DryRunHost implements Host {
  readonly name: string;
  /** One line for each change, in order. */
  readonly changes: string[] = [];
  readonly #inner: Host;

  constructor(inner: Host) {
    this.name = inner.name;
    this.#inner = inner;
  }

  query(command: Command, signal?: AbortSignal): Promise<Output> {
    return this.#inner.query(command, signal);
  }

  async change(command: Command, signal?: AbortSignal): Promise<Output> {
    signal?.throwIfAborted();
    // Nobody will read it: let go of the file behind it.
    if (command.stdin instanceof Readable) command.stdin.destroy();
    this.changes.push(describe(command));
    return NOTHING;
  }

  async writeFile(path: string, content: string, mode: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const size = Buffer.byteLength(content);
    this.changes.push(`write ${path} (mode ${mode.toString(8).padStart(4, '0')}, ${size} bytes)`);
  }

  /** Nothing is held: a dry run locks nobody out. The first line is empty. */
  async hold(_command: Command, signal?: AbortSignal): Promise<Held> {
    signal?.throwIfAborted();
    return { firstLine: '', [Symbol.asyncDispose]: async () => {} };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#inner[Symbol.asyncDispose]();
  }
}
