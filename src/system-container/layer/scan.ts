import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Extract, extract } from 'tar-stream';
import { KbootError, messageOf } from '../../lib/errors.ts';
import { archiveBytes } from '../../lib/tar-bytes.ts';
import { LayerChecker } from './checker.ts';
import { badEntry, LAYER_SCAN_VERSION, type LayerScan, layerPath } from './entry.ts';
import { parseLayerScan } from './scan-schema.ts';
import { LayerStructure } from './structure.ts';

/** Files below /exports up to this size in bytes are kept as text: templates and settings are far smaller. */
const TEXT_LIMIT = 256 * 1024;

/** All texts of a layer together, in bytes; those that come later are not kept. */
const ALL_TEXTS_LIMIT = 16 * 1024 * 1024;

type Entry = Extract extends AsyncIterable<infer E> ? E : never;

/**
 * Reads a layer, a tar archive that may be gzipped, as it streams and checks every entry of it. Throws IMAGE_INVALID
 * for an entry that could leave its place, and BUNDLE_INVALID when the bytes are no such archive or do not have the
 * digest.
 */
export async function scanLayer(blob: Readable, digest: string): Promise<LayerScan> {
  const hash = createHash('sha256');
  const archive = extract();
  const checker = new LayerChecker(digest);
  const { bytes, toTar, wasReadToEnd } = await archiveBytes(blob).catch((cause: unknown) => {
    throw damaged(digest, messageOf(cause), cause);
  });
  const [fed, read] = await Promise.allSettled([
    pipeline(bytes, hashed(hash), toTar, watched(new LayerStructure(digest)), archive),
    checkAll(archive, checker),
  ]);
  const failures = [read, fed].filter((result) => result.status === 'rejected');
  // A refusal tears down the feeding as well: it is the one to report.
  const refused = failures.find(({ reason }) => reason instanceof KbootError);
  if (refused) throw refused.reason;
  const [failed] = failures;
  if (failed) {
    throw damaged(digest, `not a tar archive (${messageOf(failed.reason)})`, failed.reason);
  }
  if (!wasReadToEnd()) throw badEntry(digest, '', 'has content behind the end of its compression');
  if (`sha256:${hash.digest('hex')}` !== digest) throw damaged(digest, 'its content has another digest');
  return checker.scan();
}

/** Scans that are being made: several machines may ask for the same layer at once. */
const running = new Map<string, Promise<LayerScan>>();

/** The scan of a layer, from `cacheDir` when it was made before. `open` gives the blob. Throws like scanLayer. */
export async function cachedLayerScan(
  digest: string,
  open: () => Readable,
  cacheDir: string,
): Promise<LayerScan> {
  const file = scanFile(digest, cacheDir);
  const cached = await readFile(file, 'utf8')
    .then(parseLayerScan)
    .catch(() => undefined);
  if (cached?.digest === digest) {
    // What was used lately is deleted last.
    await utimes(file, new Date(), new Date()).catch(() => undefined);
    return cached;
  }
  const other = running.get(file);
  if (other !== undefined) return other;
  const scanning = scanInto(file, digest, open).finally(() => running.delete(file));
  running.set(file, scanning);
  return scanning;
}

/** Forgets the scan of a layer: its image is not going to be used. */
export async function forgetLayerScan(digest: string, cacheDir: string): Promise<void> {
  await rm(scanFile(digest, cacheDir), { force: true });
}

const scanFile = (digest: string, cacheDir: string): string =>
  path.join(cacheDir, `${digest.replace(':', '-')}.v${LAYER_SCAN_VERSION}.json`);

async function scanInto(file: string, digest: string, open: () => Readable): Promise<LayerScan> {
  const scan = await scanLayer(open(), digest);
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, JSON.stringify(scan));
  await rename(temporary, file);
  return scan;
}

function hashed(hash: ReturnType<typeof createHash>) {
  return async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      hash.update(chunk);
      yield chunk;
    }
  };
}

function watched(structure: LayerStructure) {
  return async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      structure.add(chunk);
      yield chunk;
    }
    structure.end();
  };
}

async function checkAll(archive: AsyncIterable<Entry>, checker: LayerChecker): Promise<void> {
  let texts = 0;
  for await (const entry of archive) {
    const { name, size } = entry.header;
    if (layerPath(name)?.startsWith('exports/')) {
      const isText = size <= TEXT_LIMIT && texts + size <= ALL_TEXTS_LIMIT;
      if (isText) texts += size;
      checker.add({ header: entry.header, content: await contentOf(entry, isText) });
    } else {
      checker.add({ header: entry.header });
      for await (const _chunk of entry);
    }
  }
}

async function contentOf(entry: Entry, wanted: boolean): Promise<{ sha256: string; text?: string }> {
  const hash = createHash('sha256');
  const chunks: Buffer[] = [];
  for await (const chunk of entry as AsyncIterable<Buffer>) {
    hash.update(chunk);
    if (wanted) chunks.push(chunk);
  }
  const sha256 = hash.digest('hex');
  const text = Buffer.concat(chunks).toString('utf8');
  return wanted && !/[\0\uFFFD]/.test(text) ? { sha256, text } : { sha256 };
}

function damaged(digest: string, why: string, cause?: unknown): KbootError {
  return new KbootError('BUNDLE_INVALID', `layer ${digest}: ${why}`, {
    cause,
    hint: 'fetch or build the bundle again',
  });
}
