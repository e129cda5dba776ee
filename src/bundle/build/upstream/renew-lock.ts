import { imageSpecs } from '../images.ts';
import type { OnProgress } from '../progress.ts';
import { readFlannelLock, readRelease } from '../release.ts';
import { fillLock } from './fill-lock.ts';
import { readUpstreamLock, upstreamLockPath, writeUpstreamLock } from './lock.ts';
import { parseMirrors } from './mirrors.ts';
import { upstreamFiles } from './sources.ts';

export interface RenewOptions {
  readonly kubernetes: string;
  /** `amd64`, `arm64`: both can be pinned from one machine. */
  readonly arch: string;
  readonly cacheDir: string;
  readonly mirrors: readonly string[];
  /** The committed lock unless a test has its own. */
  readonly lockFile?: string;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
}

/** Pins what upstream publishes for a release, and resolves with the file that it wrote. */
export async function renewUpstreamLock(options: RenewOptions): Promise<string> {
  const { kubernetes, arch, cacheDir, onProgress, signal } = options;
  const release = await readRelease(kubernetes);
  const flannel = await readFlannelLock(release);
  const pods = imageSpecs(release, flannel).filter(({ kind }) => kind === 'pod');
  const added = await fillLock({
    files: upstreamFiles(release, flannel, arch),
    images: pods.map(({ name }) => name),
    mirrors: parseMirrors(options.mirrors),
    cacheDir,
    onProgress,
    signal,
  });
  const path = options.lockFile ?? upstreamLockPath(kubernetes);
  await writeUpstreamLock(path, await readUpstreamLock(path), added);
  return path;
}
