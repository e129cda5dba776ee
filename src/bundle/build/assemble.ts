import { chmod, copyFile, link, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KbootError } from '../../lib/errors.ts';
import { exists } from '../../lib/exists.ts';
import { canonicalJson } from '../canonical-json.ts';
import { digestOf, measureFile } from '../digest.ts';
import type { BundleLock } from '../lock.ts';
import {
  blobPath,
  INDEX_FILE,
  INDEX_TYPE,
  LAYOUT_FILE,
  MANIFEST_TYPE,
  NAME_ANNOTATIONS,
} from '../oci-layout.ts';
import { type Bundle, LOCK_FILE, openBundle } from '../open.ts';
import { verifyBundle } from '../verify.ts';
import type { BuiltImage } from './image-step.ts';
import type { ManifestLock } from './release.ts';

export interface BundleParts {
  readonly identity: Pick<BundleLock, 'kubernetes' | 'arch' | 'source' | 'versions'>;
  readonly images: readonly BuiltImage[];
  readonly manifests: readonly { readonly lock: ManifestLock; readonly path: string }[];
}

/**
 * Puts a bundle together and moves it to `dir`, in the place of what was there; the same bundle is left alone.
 * Blobs are hard links to the results of the steps: the bundle takes no disk of its own.
 */
export async function assembleBundle(
  { identity, images, manifests }: BundleParts,
  dir: string,
  signal?: AbortSignal,
): Promise<Bundle> {
  const files = await Promise.all(manifests.map(describeManifest));
  const lock: BundleLock = {
    apiVersion: 'kboot/v1',
    kind: 'Bundle',
    ...identity,
    images: images.map(({ entry }) => entry),
    manifests: files.map(({ entry }) => entry),
  };
  const text = canonicalJson(lock);
  const present = await wholeBundle(dir, digestOf(text), signal);
  if (present) return present;

  await mkdir(dirname(dir), { recursive: true });
  const unfinished = await mkdtemp(`${dir}.`);
  try {
    await chmod(unfinished, 0o755);
    await mkdir(join(unfinished, 'blobs', 'sha256'), { recursive: true });
    await mkdir(join(unfinished, 'manifests'));
    for (const { layout, entry } of images) await linkBlobs(layout, entry, unfinished);
    for (const { path, entry } of files) await copyFile(path, join(unfinished, entry.file));
    await writeFile(join(unfinished, LAYOUT_FILE), canonicalJson({ imageLayoutVersion: '1.0.0' }));
    await writeFile(join(unfinished, INDEX_FILE), canonicalJson(indexOf(lock)));
    await writeFile(join(unfinished, LOCK_FILE), text);
    await replace(unfinished, dir);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return openBundle(dir);
}

async function linkBlobs(layout: string, { manifest, config, layers }: BuiltImage['entry'], dir: string) {
  for (const { digest } of [manifest, config, ...layers]) {
    await link(blobPath(layout, digest), blobPath(dir, digest)).catch(ignoreExisting);
  }
}

/** The bundle at `dir` when it has that digest and nothing of it is missing or damaged. */
async function wholeBundle(dir: string, digest: string, signal?: AbortSignal): Promise<Bundle | undefined> {
  try {
    const bundle = await openBundle(dir, digest);
    await verifyBundle(bundle, signal ? { signal } : {});
    return bundle;
  } catch (error) {
    if (error instanceof KbootError && error.code === 'BUNDLE_INVALID') return undefined;
    throw error;
  }
}

function indexOf({ images, arch }: BundleLock): object {
  return {
    schemaVersion: 2,
    mediaType: INDEX_TYPE,
    manifests: images.map(({ name, manifest }) => ({
      mediaType: MANIFEST_TYPE,
      ...manifest,
      platform: { architecture: arch, os: 'linux' },
      annotations: Object.fromEntries(NAME_ANNOTATIONS.map((key) => [key, name])),
    })),
  };
}

async function describeManifest({ lock: { name, version }, path }: BundleParts['manifests'][number]) {
  const { digest, size } = await measureFile(path);
  const sha256 = digest.slice('sha256:'.length);
  return { path, entry: { name, version, file: `manifests/kube-${name}.yml`, sha256, size } };
}

/** Puts a folder in the place of another; there is a bundle at `dir` all the time but for two renames. */
async function replace(finished: string, dir: string): Promise<void> {
  const former = `${finished}.former`;
  if (await exists(dir)) await rename(dir, former);
  await rename(finished, dir);
  await rm(former, { recursive: true, force: true });
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
