import { copyFile, link, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { canonicalJson } from '../canonical-json.ts';
import { measureFile } from '../digest.ts';
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
import type { BuiltImage } from './image-step.ts';
import type { ManifestLock } from './release.ts';

export interface BundleParts {
  readonly identity: Pick<BundleLock, 'kubernetes' | 'arch' | 'source' | 'versions'>;
  readonly images: readonly BuiltImage[];
  readonly manifests: readonly { readonly lock: ManifestLock; readonly path: string }[];
}

/**
 * Puts a bundle together and moves it to `dir`. Blobs are hard links to the results of the steps: the bundle
 * takes no disk of its own. What was at `dir` before is replaced.
 */
export async function assembleBundle(
  { identity, images, manifests }: BundleParts,
  dir: string,
): Promise<Bundle> {
  const unfinished = `${dir}.${process.pid}`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(join(unfinished, 'blobs', 'sha256'), { recursive: true });
  await mkdir(join(unfinished, 'manifests'));
  for (const { layout, entry } of images) {
    for (const { digest } of [entry.manifest, entry.config, ...entry.layers]) {
      await link(blobPath(layout, digest), blobPath(unfinished, digest)).catch(ignoreExisting);
    }
  }
  const lock: BundleLock = {
    apiVersion: 'kboot/v1',
    kind: 'Bundle',
    ...identity,
    images: images.map(({ entry }) => entry),
    manifests: await Promise.all(manifests.map(({ lock, path }) => addManifest(unfinished, lock, path))),
  };
  await writeFile(join(unfinished, LAYOUT_FILE), canonicalJson({ imageLayoutVersion: '1.0.0' }));
  await writeFile(join(unfinished, INDEX_FILE), canonicalJson(indexOf(lock)));
  await writeFile(join(unfinished, LOCK_FILE), canonicalJson(lock));
  await replace(unfinished, dir);
  return openBundle(dir);
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

async function addManifest(dir: string, { name, version }: ManifestLock, path: string) {
  const file = `manifests/kube-${name}.yml`;
  await copyFile(path, join(dir, file));
  const { digest, size } = await measureFile(join(dir, file));
  return { name, version, file, sha256: digest.slice('sha256:'.length), size };
}

/** Puts a folder in the place of another; there is a bundle at `dir` all the time but for two renames. */
async function replace(finished: string, dir: string): Promise<void> {
  await mkdir(dirname(dir), { recursive: true });
  const former = `${finished}.former`;
  if (await stat(dir).catch(() => undefined)) await rename(dir, former);
  await rename(finished, dir);
  await rm(former, { recursive: true, force: true });
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
