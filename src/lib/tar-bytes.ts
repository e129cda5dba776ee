import { PassThrough, Readable, type Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** Compressions that a layer may come in and kboot does not read, by their first bytes. */
const FOREIGN: Readonly<Record<string, string>> = {
  zstd: '28b52ffd',
  xz: 'fd377a585a00',
  bzip2: '425a68',
};

/** Enough to tell them apart. */
const HEAD = 6;

/** The bytes of an archive file, and what makes a tar archive of them: a decompression, or nothing. */
export interface ArchiveBytes {
  readonly bytes: Readable;
  readonly toTar: Transform;
  /** Whether the decompression, once it is done, has left nothing unread: what follows its end is no part of it. */
  wasReadToEnd(): boolean;
}

/**
 * Looks at the first bytes of an archive to tell a gzipped one from a plain one, whatever it is said to be. Throws
 * an Error for other compressions.
 */
export async function archiveBytes(source: Readable): Promise<ArchiveBytes> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let head = Buffer.alloc(0);
  while (head.length < HEAD) {
    const { done, value } = await chunks.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const foreign = Object.keys(FOREIGN).find((name) => head.toString('hex').startsWith(FOREIGN[name] ?? '-'));
  if (foreign !== undefined) {
    source.destroy();
    throw new Error(`it is compressed by ${foreign}, not by gzip`);
  }
  let length = 0;
  async function* all() {
    for await (const chunk of joined(head, chunks)) {
      length += chunk.length;
      yield chunk;
    }
  }
  const bytes = Readable.from(all(), { objectMode: false });
  if (!isGzip(head)) return { bytes, toTar: new PassThrough(), wasReadToEnd: () => true };
  const gunzip = createGunzip();
  return { bytes, toTar: gunzip, wasReadToEnd: () => gunzip.bytesWritten === length };
}

async function* joined(head: Buffer, chunks: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield head;
  yield* { [Symbol.asyncIterator]: () => chunks };
}

function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}
