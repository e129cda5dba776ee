import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KbootError, messageOf } from '../../lib/errors.ts';
import { copyToLayout, inspectRaw, listArchive, type SkopeoOptions } from '../build/skopeo.ts';
import { blobPath, type Descriptor, INDEX_TYPE, MANIFEST_TYPE, readManifest } from '../oci-layout.ts';
import { unpackedSize } from './archive-size.ts';
import type { BlobStore } from './blob-store.ts';
import { type Choice, manifestOf } from './layout.ts';
import { checkMediaTypes } from './media-types.ts';
import type { ImageReference } from './reference.ts';
import { explainSkopeo } from './skopeo-error.ts';
import { damageOf, type PlacedImage } from './source-image.ts';

type InRegistry = Extract<ImageReference, { transport: 'docker' }>;
type InArchive = Extract<ImageReference, { transport: 'docker-archive' }>;

interface Source {
  /** How skopeo calls what the reference leads to: a manifest, or a list of platforms. */
  readonly first: string;
  /** Its digest, where the reference has one. */
  readonly digest?: string | undefined;
  /** How skopeo calls a manifest of it. */
  of(digest: string): string;
}

/** Brings an image from a registry into the store. What is pinned by digest and there already asks nobody. */
export async function findInRegistry(
  { repository, tag, digest }: InRegistry,
  store: BlobStore,
  choice: Choice,
  options: SkopeoOptions,
): Promise<PlacedImage> {
  const of = (wanted: string) => `docker://${repository}@${wanted}`;
  const first = digest === undefined ? `docker://${repository}:${tag}` : of(digest);
  const registry = repository.slice(0, repository.indexOf('/'));
  return find({ first, digest, of }, store, choice, options).catch((error: unknown) => {
    throw explainSkopeo(error, { name: choice.name, registry });
  });
}

/** Brings an image from what `docker save` or `podman save` wrote into the store. */
export async function findInDockerArchive(
  { path, tag, name }: InArchive,
  store: BlobStore,
  choice: Choice,
  options: SkopeoOptions,
): Promise<PlacedImage> {
  const archive = `docker-archive:${path}`;
  await stat(path).catch((cause: unknown) => {
    throw new KbootError('USAGE', `Image ${name} not found: ${messageOf(cause)}`, { cause });
  });
  await store.makeRoom(await unpackedSize(path, store.room, choice), name);
  try {
    const image = imageIn(await listArchive(archive, options), tag, name);
    const first = `${archive}:${image}`;
    return { ...(await find({ first, of: () => first }, store, choice, options)), title: image };
  } catch (error) {
    throw explainSkopeo(error, { name });
  }
}

/** The image of an archive by its name, by its tag when only one has it, or the only one. Throws USAGE. */
export function imageIn(images: readonly string[], tag: string | undefined, name: string): string {
  const found =
    tag === undefined
      ? images
      : images.filter((image) => image === tag || image.endsWith(`/${tag}`) || image.endsWith(`:${tag}`));
  const [only] = found;
  if (found.length === 1 && only !== undefined) return only;
  const what = found.length === 0 ? `Image ${name} not found` : `${name}: has several images: name one`;
  throw new KbootError('USAGE', what, { hint: `it has ${images.join(', ')}` });
}

async function find(
  source: Source,
  store: BlobStore,
  choice: Choice,
  options: SkopeoOptions,
): Promise<PlacedImage> {
  const fetch = (digest: string) => fetchText(source.of(digest), digest, store, choice, options);
  const first = source.digest ?? (await store.putText(await inspectRaw(source.first, options)));
  await fetch(first);
  const manifest = await manifestOf(store.dir, [await describe(store, first, choice)], choice, fetch);
  await fetch(manifest);
  await describe(store, manifest, choice);
  const parts = await readManifest(store.dir, manifest);
  checkMediaTypes(choice.name, parts);
  if (!(await store.holds(manifest, choice.signal))) {
    const blobs = [parts.config, ...parts.layers];
    await store.makeRoom(
      blobs.reduce((sum, { size }) => sum + size, 0),
      choice.name,
    );
    await store.remember(blobs.map((blob) => blob.digest));
    await store.inWorkFolder((work) =>
      copyToLayout(source.of(manifest), join(work, 'oci'), {
        ...options,
        arch: choice.arch,
        preserveDigests: true,
        sharedBlobs: join(store.dir, 'blobs'),
      }),
    );
  }
  return { name: choice.name, layout: store.dir, manifest };
}

/** Makes sure that a manifest is in the store. */
async function fetchText(
  source: string,
  digest: string,
  store: BlobStore,
  { name, signal }: Choice,
  options: SkopeoOptions,
): Promise<void> {
  if ((await damageOf(store.dir, { digest }, signal)).length === 0) return;
  const found = await store.putText(await inspectRaw(source, options));
  if (found === digest) return;
  throw new KbootError('IMAGE_INVALID', `${name}: asked for ${digest}, the registry gave ${found}`, {
    hint: 'do not use this registry: what it gives is not what it was asked for',
  });
}

/** The descriptor of a manifest or of a list of them, which is in the store. Throws IMAGE_INVALID. */
async function describe(store: BlobStore, digest: string, { name }: Choice): Promise<Descriptor> {
  const text = await readFile(blobPath(store.dir, digest), 'utf8');
  const { schemaVersion, mediaType, manifests } = parse(text, name);
  if (schemaVersion !== 2) {
    throw new KbootError(
      'IMAGE_INVALID',
      `${name}: is in Docker's first image format, which names no layers`,
      {
        hint: 'push it again with a newer program: skopeo copy --format oci',
      },
    );
  }
  const fallback = Array.isArray(manifests) ? INDEX_TYPE : MANIFEST_TYPE;
  return { digest, size: Buffer.byteLength(text), mediaType: String(mediaType ?? fallback) };
}

function parse(text: string, name: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // The same as any other text that is no object.
  }
  throw new KbootError('IMAGE_INVALID', `${name}: its manifest is not one`);
}
