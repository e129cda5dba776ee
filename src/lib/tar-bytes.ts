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
  async function* all() {
    yield head;
    yield* { [Symbol.asyncIterator]: () => chunks };
  }
  return {
    bytes: Readable.from(all(), { objectMode: false }),
    toTar: isGzip(head) ? createGunzip() : new PassThrough(),
  };
}

function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}
