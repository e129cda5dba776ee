import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
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

/** Bytes read at a time. */
const CHUNK = 256 * 1024;

/** Measures a file. One buffer serves for all of it: hundreds of megabytes of fresh ones would stay in memory. */
export async function measureFile(path: string, signal?: AbortSignal): Promise<Measured> {
  const file = await open(path);
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(CHUNK);
    let size = 0;
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, CHUNK);
      if (bytesRead === 0) return { digest: `sha256:${hash.digest('hex')}`, size };
      hash.update(buffer.subarray(0, bytesRead));
      size += bytesRead;
    }
  } finally {
    await file.close();
  }
}
