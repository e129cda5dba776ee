import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { KbootError } from '../../lib/errors.ts';

/** Folder of the Containerfiles, the modules and the locks. */
export const IMAGES_DIR = fileURLToPath(new URL('../../../images', import.meta.url));

/** Folder of the addons' locks. */
export const MANIFESTS_DIR = fileURLToPath(new URL('../../../manifests', import.meta.url));

/** The Kubernetes version that is built when none is asked for. */
export const DEFAULT_KUBERNETES = 'v1.37.2';

const version = z.string().regex(/^v?\d+\.\d+(\.\d+)?$/);

const Release = z.strictObject({
  kubernetes: version,
  etcd: version,
  coredns: version,
  pause: version,
  containerd: version,
  runc: version,
  'cni-plugins': version,
  flannel: version,
  'flannel-cni-plugin': version,
});

/** A version of Kubernetes with the versions of all that goes with it. */
export type Release = Readonly<z.output<typeof Release>>;

const ManifestLock = z.strictObject({
  name: z.string(),
  version: z.string(),
  /** Go module that has the file, and the path in there. */
  module: z.string(),
  path: z.string(),
  /** Where the project publishes the same file. */
  url: z.url(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The images that the manifest names. */
  images: z.array(z.string()),
});

export type ManifestLock = Readonly<z.output<typeof ManifestLock>>;

/** The Kubernetes versions that kboot can build. */
export async function knownReleases(): Promise<readonly string[]> {
  const files = await readdir(join(IMAGES_DIR, 'releases'));
  return files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
}

/** Throws USAGE for a version that is not on the list. */
export async function readRelease(kubernetes: string): Promise<Release> {
  const known = await knownReleases();
  if (!known.includes(kubernetes)) {
    throw new KbootError('USAGE', `kboot cannot build a bundle for Kubernetes ${kubernetes}`, {
      hint: `the versions it knows: ${known.join(', ')}`,
    });
  }
  return Release.parse(
    JSON.parse(await readFile(join(IMAGES_DIR, 'releases', `${kubernetes}.json`), 'utf8')),
  );
}

/** The lock of flannel's manifest. */
export async function readFlannelLock({ flannel }: Release): Promise<ManifestLock> {
  return ManifestLock.parse(
    JSON.parse(await readFile(join(MANIFESTS_DIR, 'flannel', `${flannel}.json`), 'utf8')),
  );
}
