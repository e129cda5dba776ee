import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A digest as OCI writes it (`sha256:` and 64 hex digits), and the number of bytes it was taken of. */
export interface Measured {
  readonly digest: string;
  readonly size: number;
}

/** The digest of a text or of bytes. */
export function digestOf(data: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

/** Reads a stream to its end and measures it; no more than a chunk is in memory. */
export async function measureStream(stream: Readable, signal?: AbortSignal): Promise<Measured> {
  const hash = createHash('sha256');
  let size = 0;
  const sink = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) {
      hash.update(chunk);
      size += chunk.length;
    }
  };
  await (signal ? pipeline(stream, sink, { signal }) : pipeline(stream, sink));
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

/** Measures a file, streaming. */
export function measureFile(path: string, signal?: AbortSignal): Promise<Measured> {
  return measureStream(createReadStream(path, { highWaterMark: 1024 * 1024 }), signal);
}
