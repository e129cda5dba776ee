import { Buffer } from 'node:buffer';
import type { Output } from './host.ts';

/** Collects what a command writes; joined before decoding, as a character may arrive in two chunks. */
export class OutputBuffer {
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];

  readonly onStdout = (chunk: Buffer): void => void this.#stdout.push(chunk);
  readonly onStderr = (chunk: Buffer): void => void this.#stderr.push(chunk);

  read(): Output {
    return {
      stdout: Buffer.concat(this.#stdout).toString('utf8'),
      stderr: Buffer.concat(this.#stderr).toString('utf8'),
    };
  }
}

/** Waits for the first line of a stream that comes in chunks; what follows it is dropped. */
export class FirstLine {
  readonly #chunks: Buffer[] = [];
  #found: ((line: string) => void) | undefined;

  /** Resolves with the line, without its newline. */
  readonly line = new Promise<string>((resolve) => {
    this.#found = resolve;
  });

  readonly onChunk = (chunk: Buffer): void => {
    if (this.#found === undefined) return;
    const end = chunk.indexOf(0x0a);
    this.#chunks.push(end === -1 ? chunk : chunk.subarray(0, end));
    if (end === -1) return;
    this.#found(Buffer.concat(this.#chunks).toString('utf8'));
    this.#found = undefined;
  };
}
