import { Buffer } from 'node:buffer';
import type { Output } from './host.ts';

/** Bytes that a command may print: far more than any does, far less than what could hurt the operator's computer. */
export const MOST_OUTPUT = 64 * 1024 * 1024;

/** The same for a command that is held, which has one line to say. */
export const MOST_HELD = 1024 * 1024;

/** Bytes of a first line. */
const LONGEST_LINE = 64 * 1024;

/**
 * Collects what a command writes; joined before decoding, as a character may arrive in two chunks. Beyond
 * `most` bytes it forgets everything and calls `onOverflow`, once.
 */
export class OutputBuffer {
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  readonly #onOverflow: () => void;
  readonly #most: number;
  #size = 0;

  constructor(onOverflow: () => void, most: number = MOST_OUTPUT) {
    this.#onOverflow = onOverflow;
    this.#most = most;
  }

  readonly onStdout = (chunk: Buffer): void => this.#add(this.#stdout, chunk);
  readonly onStderr = (chunk: Buffer): void => this.#add(this.#stderr, chunk);

  #add(chunks: Buffer[], chunk: Buffer): void {
    if (this.#size > this.#most) return;
    this.#size += chunk.length;
    if (this.#size <= this.#most) return void chunks.push(chunk);
    this.#stdout.length = 0;
    this.#stderr.length = 0;
    this.#onOverflow();
  }

  read(): Output {
    return {
      stdout: Buffer.concat(this.#stdout).toString('utf8'),
      stderr: Buffer.concat(this.#stderr).toString('utf8'),
    };
  }
}

/** Waits for the first line of a stream that comes in chunks; what follows it, or 64 KiB of it, is dropped. */
export class FirstLine {
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #found: ((line: string) => void) | undefined;

  /** Resolves with the line, without its newline. */
  readonly line = new Promise<string>((resolve) => {
    this.#found = resolve;
  });

  readonly onChunk = (chunk: Buffer): void => {
    if (this.#found === undefined) return;
    const newline = chunk.indexOf(0x0a);
    const room = LONGEST_LINE - this.#size;
    const end = newline === -1 && chunk.length > room ? room : newline;
    const part = end === -1 ? chunk : chunk.subarray(0, end);
    this.#size += part.length;
    this.#chunks.push(part);
    if (end === -1) return;
    this.#found(Buffer.concat(this.#chunks).toString('utf8'));
    this.#found = undefined;
  };
}
