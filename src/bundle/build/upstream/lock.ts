import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { KbootError } from '../../../lib/errors.ts';
import { canonicalJson } from '../../canonical-json.ts';
import { IMAGES_DIR } from '../release.ts';

const UpstreamLock = z.strictObject({
  /** URL to the SHA-256 of the file there, in hex. */
  files: z.record(z.url(), z.string().regex(/^[0-9a-f]{64}$/)),
  /** Image name with tag to the digest of its manifest, or of its list of manifests. */
  images: z.record(z.string(), z.string().regex(/^sha256:[0-9a-f]{64}$/)),
});

/** What the projects publish, pinned. */
export type UpstreamLock = Readonly<z.output<typeof UpstreamLock>>;

/** The file that pins what upstream publishes for a Kubernetes version. */
export function upstreamLockPath(kubernetes: string): string {
  return join(IMAGES_DIR, 'upstream', `${kubernetes}.lock.json`);
}

/** Reads such a file; one that is not there pins nothing. */
export async function readUpstreamLock(path: string): Promise<UpstreamLock> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{ "files": {}, "images": {} }';
    throw error;
  });
  return UpstreamLock.parse(JSON.parse(text));
}

/**
 * Throws BUILD_FAILED naming everything that has no checksum: nothing unpinned goes into a bundle, and it
 * should not show after an hour of downloads.
 */
export function requirePinned(
  lock: UpstreamLock,
  { urls, images }: { urls: readonly string[]; images: readonly string[] },
  kubernetes: string,
): void {
  const missing = [
    ...urls.filter((url) => lock.files[url] === undefined),
    ...images.filter((name) => lock.images[name] === undefined),
  ];
  if (missing.length === 0) return;
  throw new KbootError('BUILD_FAILED', `no checksum is committed for:\n${missing.join('\n')}`, {
    hint: `where the internet is reachable: kboot bundle lock --kubernetes ${kubernetes}; then check and commit what it wrote`,
  });
}

/** Writes a lock; what is pinned for other architectures in the file of the same version stays. */
export async function writeUpstreamLock(
  path: string,
  former: UpstreamLock,
  added: UpstreamLock,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(
    path,
    canonicalJson({
      files: { ...former.files, ...added.files },
      images: { ...former.images, ...added.images },
    }),
  );
}
