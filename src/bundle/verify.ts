import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KbootError, messageOf } from '../lib/errors.ts';
import { fanOut } from '../lib/fan-out.ts';
import { type Measured, measureFile } from './digest.ts';
import type { BundleImage, Role } from './lock.ts';
import { MANIFEST_TYPE, NAME_ANNOTATIONS, readConfig, readIndex, readManifest } from './oci-layout.ts';
import type { Bundle } from './open.ts';

/** Files that are hashed at a time; more would only compete for the same disk. */
const PARALLEL = 4;

export interface VerifyOptions {
  /** Only what machines of these roles need; everything when absent. */
  readonly roles?: readonly Role[];
  readonly signal?: AbortSignal;
}

/**
 * Hashes every file that machines of the roles need, streaming, and compares what the images say of themselves
 * with bundle.json. Throws BUNDLE_INVALID naming every damaged file, what was expected and what was found.
 */
export async function verifyBundle(bundle: Bundle, { roles, signal }: VerifyOptions = {}): Promise<void> {
  const images = bundle.lock.images.filter(
    (image) => roles === undefined || image.roles.some((role) => roles.includes(role)),
  );
  const files = new Map<string, Measured>();
  for (const { manifest, config, layers } of images) {
    for (const blob of [manifest, config, ...layers]) files.set(bundle.blobPath(blob.digest), blob);
  }
  for (const { file, sha256, size } of bundle.lock.manifests) {
    files.set(join(bundle.dir, file), { digest: `sha256:${sha256}`, size });
  }
  const outcomes = await fanOut([...files], PARALLEL, ([path, expected]) =>
    checkFile(path, expected, signal),
  );
  signal?.throwIfAborted();
  fail(
    bundle,
    outcomes.flatMap((outcome) => (outcome.ok ? outcome.value : [messageOf(outcome.error)])),
  );
  fail(bundle, [
    ...(await checkIndex(bundle)),
    ...(await Promise.all(images.map((i) => checkImage(bundle, i)))).flat(),
  ]);
}

function fail(bundle: Bundle, problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new KbootError('BUNDLE_INVALID', `${bundle.dir}: the bundle is damaged:\n${problems.join('\n')}`, {
    hint: 'build it again: kboot bundle build',
  });
}

async function checkFile(path: string, expected: Measured, signal?: AbortSignal): Promise<readonly string[]> {
  const { size } = await stat(path);
  if (size !== expected.size) return [`${path}: expected ${expected.size} bytes, found ${size}`];
  const { digest } = await measureFile(path, signal);
  return digest === expected.digest ? [] : [`${path}: expected ${expected.digest}, found ${digest}`];
}

async function checkIndex({ dir, lock }: Bundle): Promise<readonly string[]> {
  const listed = await readIndex(dir);
  return lock.images.flatMap(({ name, manifest }) => {
    const entry = listed.find(({ annotations }) =>
      NAME_ANNOTATIONS.every((key) => annotations?.[key] === name),
    );
    if (!entry) return [`${dir}/index.json: does not list ${name}`];
    const same = entry.digest === manifest.digest && entry.mediaType === MANIFEST_TYPE;
    return same ? [] : [`${dir}/index.json: ${name}: expected ${manifest.digest}, found ${entry.digest}`];
  });
}

async function checkImage({ dir, lock }: Bundle, image: BundleImage): Promise<readonly string[]> {
  const manifest = await readManifest(dir, image.manifest.digest);
  const config = await readConfig(dir, manifest.config.digest);
  const differences = [
    [manifest.config.digest, image.config.digest],
    [manifest.layers.map(({ digest }) => digest), image.layers.map(({ digest }) => digest)],
    [config.rootfs.diff_ids, image.layers.map(({ diffId }) => diffId)],
    [config.architecture, lock.arch],
  ].filter(([found, expected]) => String(found) !== String(expected));
  return differences.map(
    ([found, expected]) => `${image.name}: bundle.json says ${expected}, the image ${found}`,
  );
}
