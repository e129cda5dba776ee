import { type ErrorCode, KbootError } from '../../lib/errors.ts';
import type { Bundle } from '../open.ts';
import { BlobStore } from './blob-store.ts';
import { findInBundle } from './bundle-image.ts';
import { DEFAULT_ROOM, type Room } from './cache-room.ts';
import { findInLayout } from './layout.ts';
import { findInOciArchive } from './oci-archive.ts';
import type { ImageReference } from './reference.ts';
import { type PlacedImage, readSourceImage, type SourceImage } from './source-image.ts';
import { findInDockerArchive, findInRegistry } from './with-skopeo.ts';

interface OpenOptions {
  /** Asked only for an image of the bundle. */
  readonly bundle: () => Promise<Bundle>;
  /** Folder for what can be fetched again. */
  readonly cacheDir: string;
  /** Of the machines: `amd64` or `arm64`. */
  readonly arch: string;
  /** For the programs that fetch images: where logins and proxies are looked up. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** Reads a registry without TLS, or without checking its certificate. */
  readonly insecure?: boolean;
  /** What the images in the cache may take. */
  readonly room?: Room;
}

/**
 * Brings an image to the operator's side and reads it; every blob of it is checked against its digest. Of an image that is
 * refused nothing is kept, and what is kept does not grow without end.
 *
 * Throws USAGE when there is no such image, IMAGE_INVALID when it is damaged or of a kind that cannot be installed,
 * BUNDLE_INVALID when the bundle is damaged, MISSING_REQUIREMENT without skopeo or room on the disk, HOST_UNREACHABLE
 * when the registry does not answer, COMMAND_FAILED when it refuses.
 */
export async function openImage(reference: ImageReference, options: OpenOptions): Promise<SourceImage> {
  const { arch, signal, cacheDir, room = DEFAULT_ROOM } = options;
  if (reference.transport === 'bundle') {
    return readSourceImage(findInBundle(await options.bundle(), reference), arch, signal);
  }
  const store = new BlobStore(cacheDir, room);
  try {
    const image = await readSourceImage(await find(reference, store, options), arch, signal);
    await store.makeRoom(0, reference.name);
    return { ...image, discard: () => store.discard() };
  } catch (error) {
    const told = notOfABundle(error, reference);
    // What was fetched up to a lost connection is of use to the next run.
    if (told instanceof KbootError && REFUSALS.includes(told.code)) await store.discard();
    throw told;
  }
}

const REFUSALS: readonly ErrorCode[] = ['IMAGE_INVALID', 'USAGE'];

function find(
  reference: Exclude<ImageReference, { transport: 'bundle' }>,
  store: BlobStore,
  { arch, env, signal, insecure = false }: OpenOptions,
): Promise<PlacedImage> {
  const { name } = reference;
  const choice = { name, arch, signal };
  const set = Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]));
  const skopeo = { env: Object.fromEntries(set), insecure, signal };
  switch (reference.transport) {
    case 'oci':
      return findInLayout(reference.path, reference.tag, choice);
    case 'oci-archive':
      return findInOciArchive(reference.path, reference.tag, store, choice);
    case 'docker-archive':
      return findInDockerArchive(reference, store, choice, skopeo);
    case 'docker':
      return findInRegistry(reference, store, choice, skopeo);
  }
}

/** What reads layouts calls each a bundle; here it is the user's own image. */
function notOfABundle(error: unknown, { name }: ImageReference): unknown {
  if (!(error instanceof KbootError) || error.code !== 'BUNDLE_INVALID') return error;
  return new KbootError('IMAGE_INVALID', `${name}: ${error.message}`, {
    cause: error,
    hint: 'the image is damaged, or is none: save or fetch it again',
  });
}
