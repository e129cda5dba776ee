import { stat } from 'node:fs/promises';
import { KbootError, messageOf } from '../../lib/errors.ts';
import { fanOut } from '../../lib/fan-out.ts';
import { measureFile } from '../digest.ts';
import { blobPath, readConfig, readManifest } from '../oci-layout.ts';
import type { Blob } from '../select.ts';
import { checkMediaTypes } from './media-types.ts';

/** An image that can be installed: every blob of it is on the operator's side, and is what its digest says. */
export interface SourceImage {
  /** As ImageReference has it. */
  readonly name: string;
  /** What the list that it is in calls it, when that is more than a tag. */
  readonly title?: string | undefined;
  /** `sha256:...` of the manifest: the image's identity. */
  readonly manifestDigest: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Base first; sizes of the blobs in bytes. */
  readonly layers: readonly Blob[];
  /** The file of a blob. */
  blobPath(digest: string): string;
  /** Deletes what bringing it here added to the cache: it turned out to be unusable. */
  discard(): Promise<void>;
}

/** An image in an OCI layout, or in a folder that has the blobs of one. */
export interface PlacedImage {
  readonly name: string;
  readonly title?: string | undefined;
  readonly layout: string;
  /** `sha256:...` of the manifest. */
  readonly manifest: string;
}

/** Blobs that are hashed at a time; more would only compete for the same disk. */
const PARALLEL = 4;

/**
 * Reads an image for linux and this architecture. Throws BUNDLE_INVALID naming the files which are not what their
 * digests say, IMAGE_INVALID when kboot cannot install an image of that kind.
 */
export async function readSourceImage(
  { name, title, layout, manifest: digest }: PlacedImage,
  arch: string,
  signal?: AbortSignal,
): Promise<SourceImage> {
  await requireWhole(layout, [{ digest }], signal);
  const manifest = await readManifest(layout, digest);
  checkMediaTypes(name, manifest);
  const layers = manifest.layers.map((layer) => ({ digest: layer.digest, size: layer.size }));
  await requireWhole(layout, [manifest.config, ...layers], signal);
  const { os, architecture, config } = await readConfig(layout, manifest.config.digest);
  if (os !== 'linux' || architecture !== arch) {
    throw new KbootError(
      'IMAGE_INVALID',
      `${name}: is for ${os}/${architecture}, the machine is linux/${arch}`,
      {
        hint: `take an image that is built for linux/${arch}`,
      },
    );
  }
  return {
    ...{ name, title },
    manifestDigest: digest,
    labels: config?.Labels ?? {},
    layers,
    blobPath: (blob) => blobPath(layout, blob),
    discard: async () => {},
  };
}

/** A blob that is to be checked; without a size only the digest counts. */
type Expected = Pick<Blob, 'digest'> & Partial<Blob>;

/** Throws BUNDLE_INVALID naming every blob that is missing or damaged. */
export async function requireWhole(
  layout: string,
  blobs: readonly Expected[],
  signal?: AbortSignal,
): Promise<void> {
  const outcomes = await fanOut(blobs, PARALLEL, (blob) => damageOf(layout, blob, signal));
  signal?.throwIfAborted();
  const problems = outcomes.flatMap((outcome) => (outcome.ok ? outcome.value : [messageOf(outcome.error)]));
  if (problems.length > 0) throw new KbootError('BUNDLE_INVALID', [...new Set(problems)].join('\n'));
}

/** What is wrong with a blob's file, naming it; nothing when it is whole. */
export async function damageOf(
  layout: string,
  { digest, size }: Expected,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const path = blobPath(layout, digest);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return [`${path}: the blob is missing`];
  if (size !== undefined && found.size !== size) {
    return [`${path}: expected ${size} bytes, found ${found.size}`];
  }
  const measured = await measureFile(path, signal);
  return measured.digest === digest ? [] : [`${path}: expected ${digest}, found ${measured.digest}`];
}
