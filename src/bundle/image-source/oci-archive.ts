import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { KbootError, messageOf } from '../../lib/errors.ts';
import { archiveBytes } from '../../lib/tar-bytes.ts';
import { measureFile } from '../digest.ts';
import { blobPath, INDEX_FILE, readManifest } from '../oci-layout.ts';
import { unpackedSize } from './archive-size.ts';
import type { BlobStore } from './blob-store.ts';
import { type Choice, findInLayout } from './layout.ts';
import { checkMediaTypes } from './media-types.ts';
import type { PlacedImage } from './source-image.ts';

const BLOB = /^blobs\/sha256\/([0-9a-f]{64})$/;

/** An index lists some images, a few hundred bytes each. */
const INDEX_LIMIT = 4 * 1024 * 1024;

/**
 * Finds an image in a tar archive of an OCI layout. The blobs of that image are kept, so that the same archive is only
 * hashed the next time. Throws USAGE when the file cannot be read or has no such image, IMAGE_INVALID for a damaged one,
 * and what makeRoom() of the store throws.
 */
export async function findInOciArchive(
  path: string,
  tag: string | undefined,
  store: BlobStore,
  choice: Choice,
): Promise<PlacedImage> {
  const { digest } = await measureFile(path, choice.signal).catch((cause: unknown) => {
    choice.signal?.throwIfAborted();
    throw new KbootError('USAGE', `Image ${choice.name} not found: ${messageOf(cause)}`, { cause });
  });
  const layout = store.layoutOf(digest);
  const kept = await keptImage(layout, tag, store, choice);
  if (kept) return kept;
  await store.makeRoom(await unpackedSize(path, store.room, choice), choice.name);
  return store.inWorkFolder(async (work) => {
    const index = await unpack(path, work, choice.signal);
    const lists: string[] = [];
    const image = await findInLayout(work, tag, choice, async (list) => void lists.push(list));
    const manifest = await readManifest(work, image.manifest);
    checkMediaTypes(choice.name, manifest);
    const { config, layers } = manifest;
    // An archive may hold other images, and blobs that belong to none.
    const blobs = [config, ...layers].map((blob) => blob.digest);
    await store.take(work, [...lists, image.manifest, ...blobs]);
    await store.putLayout(digest, index);
    return { ...image, layout };
  });
}

async function keptImage(
  layout: string,
  tag: string | undefined,
  store: BlobStore,
  choice: Choice,
): Promise<PlacedImage | undefined> {
  try {
    const image = await findInLayout(layout, tag, choice);
    const now = new Date();
    await utimes(layout, now, now);
    return (await store.holds(image.manifest, choice.signal)) ? image : undefined;
  } catch (error) {
    if (error instanceof KbootError && error.code === 'BUNDLE_INVALID') return undefined;
    throw error;
  }
}

/** Unpacks an archive into an empty folder, each blob only under its own digest, and returns its index. */
async function unpack(path: string, folder: string, signal: AbortSignal | undefined): Promise<string> {
  let index: string | undefined;
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
  await readArchive(path, signal, async (name, content, size) => {
    const hex = BLOB.exec(name)?.[1];
    if (name === INDEX_FILE && size <= INDEX_LIMIT) index = await textOf(content);
    else if (hex === undefined) await drain(content);
    else {
      const file = blobPath(folder, `sha256:${hex}`);
      await pipeline(Readable.from(content), createWriteStream(file));
      if ((await measureFile(file)).digest === `sha256:${hex}`) return;
      throw new KbootError('IMAGE_INVALID', `${path}: damaged: the content of ${name} has another digest`);
    }
  });
  if (index === undefined) {
    throw new KbootError(
      'IMAGE_INVALID',
      `${path}: is no archive of an OCI layout: it has no ${INDEX_FILE}`,
      { hint: 'what docker save writes is docker-archive:FILE' },
    );
  }
  await writeFile(join(folder, INDEX_FILE), index);
  return index;
}

async function readArchive(
  path: string,
  signal: AbortSignal | undefined,
  take: (name: string, content: AsyncIterable<Buffer>, size: number) => Promise<void>,
): Promise<void> {
  try {
    const { bytes, toTar } = await archiveBytes(createReadStream(path));
    const archive = extract();
    const options = signal === undefined ? {} : { signal };
    const fed = pipeline(bytes, toTar, archive, options);
    // Whoever reads the members is told as well; this keeps Node from calling it unhandled.
    fed.catch(() => {});
    for await (const entry of archive) {
      const { name, type, size = 0 } = entry.header;
      // What has no size that can be read would be waited for without an end.
      if (!Number.isSafeInteger(size)) throw new Error(`the size of ${JSON.stringify(name)} is unreadable`);
      if (type === 'file') await take(name.replace(/^(?:\.\/)+/, ''), entry as AsyncIterable<Buffer>, size);
      else await drain(entry);
    }
    await fed;
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof KbootError) throw cause;
    throw new KbootError('IMAGE_INVALID', `${path}: cannot be read: ${messageOf(cause)}`, { cause });
  }
}

async function textOf(content: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function drain(content: AsyncIterable<unknown>): Promise<void> {
  for await (const _chunk of content);
}
