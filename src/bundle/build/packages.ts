import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { KbootError, messageOf } from '../../lib/errors.ts';
import { exists } from '../../lib/exists.ts';
import { measureFile } from '../digest.ts';
import type { OnProgress } from './progress.ts';
import { IMAGES_DIR } from './release.ts';
import { run } from './run.ts';

const PackageLock = z.record(
  z.string(),
  z.strictObject({
    version: z.string(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    size: z.int().positive(),
  }),
);

/** Package name to the version that is locked, and what its file is. */
export type PackageLock = Readonly<z.output<typeof PackageLock>>;

/** A Debian package on this disk. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  /** In hex. */
  readonly sha256: string;
  /** The .deb file. */
  readonly file: string;
}

/** The versions of packages, for the record that a bundle keeps: `debian/NAME` to version. */
export function debianVersions(
  packages: ReadonlyMap<string, DebianPackage>,
): Readonly<Record<string, string>> {
  return Object.fromEntries([...packages.values()].map(({ name, version }) => [`debian/${name}`, version]));
}

/** The command that writes the lock anew. */
export const RENEW_LOCK = 'apt-get update && node images/userland/renew-lock.mjs';

export interface PackagesOptions {
  readonly cacheDir: string;
  /** Fail when a locked version cannot be had, instead of taking the current one. */
  readonly locked: boolean;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
  /** Puts packages (`name` or `name=version`) into a folder; through apt-get unless a test has its own mirror. */
  readonly download?: Download;
}

type Download = (wanted: readonly string[], into: string, signal?: AbortSignal) => Promise<unknown>;

const throughApt: Download = (wanted, cwd, signal) =>
  run(['apt-get', 'download', '-q', ...wanted], { cwd, signal });

/**
 * Gets all packages of the lock through this machine's own apt configuration. A version that its mirrors do not
 * have any more is replaced by their current one, with a warning; with `locked` that is BUILD_FAILED.
 */
export async function fetchPackages(
  lock: PackageLock,
  options: PackagesOptions,
): Promise<ReadonlyMap<string, DebianPackage>> {
  const { cacheDir, locked, onProgress } = options;
  const store = join(cacheDir, 'packages');
  await mkdir(store, { recursive: true });
  const found = new Map<string, DebianPackage>();
  const missing = new Map(Object.entries(lock));
  for (const [name, entry] of Object.entries(lock)) {
    const file = join(store, `${entry.sha256}.deb`);
    if (!(await exists(file))) continue;
    found.set(name, { name, ...entry, file });
    missing.delete(name);
  }
  for (const got of await download(missing, options, store)) {
    const { version, sha256 } = missing.get(got.name) ?? got;
    if (got.sha256 !== sha256) {
      if (locked) throw notLocked(`${got.name}=${version}: its SHA-256 is ${got.sha256}, not ${sha256}`);
      const title = `${got.name}: the locked version ${version} is gone, taking ${got.version}: the bundle's digests will differ from those of the locked versions. Renew the lock: ${RENEW_LOCK}`;
      onProgress({ step: 'packages', title, state: 'warning', ms: 0 });
    }
    found.set(got.name, got);
  }
  return found;
}

/** The committed lock of an architecture. */
export async function readPackageLock(arch: string): Promise<PackageLock> {
  const path = join(IMAGES_DIR, 'userland', `packages.${arch}.lock.json`);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new KbootError('BUILD_FAILED', `no Debian packages are locked for ${arch}: ${messageOf(cause)}`, {
      cause,
      hint: `on a machine of that architecture: ${RENEW_LOCK}`,
    });
  });
  return PackageLock.parse(JSON.parse(text));
}

function notLocked(why: string, cause?: unknown): KbootError {
  return new KbootError('BUILD_FAILED', `the locked Debian packages cannot be had: ${why}`, {
    cause,
    hint: `renew the lock: ${RENEW_LOCK}`,
  });
}

/** Downloads the locked versions at once; when a mirror lacks one, one by one, and the current where it must be. */
async function download(
  missing: ReadonlyMap<string, PackageLock[string]>,
  { locked, signal, download: fetch = throughApt }: PackagesOptions,
  store: string,
): Promise<readonly DebianPackage[]> {
  if (missing.size === 0) return [];
  const dir = await mkdtemp(join(store, '.download-'));
  const get = (...wanted: string[]) => fetch(wanted, dir, signal);
  const pinned = [...missing].map(([name, { version }]) => `${name}=${version}`);
  try {
    await get(...pinned).catch(async (error: unknown) => {
      signal?.throwIfAborted();
      if (locked) throw notLocked(messageOf(error), error);
      for (const [name, { version }] of missing) {
        await get(`${name}=${version}`)
          .catch(() => get(name))
          .catch((cause: unknown) => {
            signal?.throwIfAborted();
            throw noPackage(name, cause);
          });
      }
    });
    const debs = (await readdir(dir)).map((file) => join(dir, file));
    return await Promise.all(debs.map((deb) => intoStore(deb, store)));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function noPackage(name: string, cause: unknown): KbootError {
  return new KbootError('BUILD_FAILED', `the Debian package ${name} cannot be had: ${messageOf(cause)}`, {
    cause,
    hint: 'sudo apt-get update, then the same command again',
  });
}

/** Moves a .deb to the name of its digest. */
async function intoStore(deb: string, store: string): Promise<DebianPackage> {
  const [name = '', version = ''] = await Promise.all(
    ['Package', 'Version'].map((field) => run(['dpkg-deb', '-f', deb, field])),
  );
  const { digest } = await measureFile(deb);
  const sha256 = digest.slice('sha256:'.length);
  const file = join(store, `${sha256}.deb`);
  await rename(deb, file);
  return { name, version, sha256, file };
}
