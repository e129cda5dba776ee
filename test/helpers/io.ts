import { Readable, Writable } from 'node:stream';
import type { Io } from '../../src/cli/io.ts';

/** A stream that keeps what is written to it. */
class Kept extends Writable {
  text = '';
  isTTY?: boolean;
  columns?: number;
  rows?: number;

  override _write(chunk: Buffer | string, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

export interface TestIo extends Io {
  readonly stdout: Kept;
  readonly stderr: Kept;
}

/** An Io without a terminal; what was written stands in `stdout.text` and `stderr.text`. */
export function testIo(
  argv: readonly string[],
  overrides: Partial<Omit<Io, 'stdout' | 'stderr'>> = {},
): TestIo {
  return {
    argv,
    env: {},
    cwd: '/nowhere',
    home: '/nowhere',
    stdin: Readable.from([]),
    signal: new AbortController().signal,
    ...overrides,
    stdout: new Kept(),
    stderr: new Kept(),
  };
}
