import { join } from 'node:path';
import type { BundleLock } from '../lock.ts';
import type { Bundle } from '../open.ts';
import { assembleBundle } from './assemble.ts';
import { buildImage } from './image-step.ts';
import { imageSpecs } from './images.ts';
import { manifestFromModule } from './manifest.ts';
import { treesFromModules } from './modules.ts';
import { BuildStorage } from './podman.ts';
import type { OnProgress } from './progress.ts';
import { readFlannelLock, readRelease } from './release.ts';
import { checkRequirements } from './requirements.ts';
import { Steps } from './steps.ts';
import { architecture } from './toolchain.ts';

export { DEFAULT_KUBERNETES } from './release.ts';

export interface BuildOptions {
  /** `v1.37.2`; one of the committed versions. */
  readonly kubernetes: string;
  readonly source: BundleLock['source'];
  /** kboot's cache folder; the bundle lands in `bundles/` below it. */
  readonly cacheDir: string;
  /** Fail rather than take other versions of Debian packages than the locked ones. */
  readonly locked?: boolean;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
}

/** Where a bundle lands. */
export function bundleDir({
  cacheDir,
  kubernetes,
  source,
}: Pick<BuildOptions, 'cacheDir' | 'kubernetes' | 'source'>) {
  return join(cacheDir, 'bundles', `${kubernetes}-${architecture()}-${source}`);
}

/**
 * Builds a bundle, or what of it is not built yet. Throws USAGE for an unknown version, MISSING_REQUIREMENT
 * naming all that this machine lacks, BUILD_FAILED, and the signal's reason when it aborts.
 */
export async function buildBundle(options: BuildOptions): Promise<Bundle> {
  const { kubernetes, source, cacheDir, locked = false, onProgress, signal } = options;
  const release = await readRelease(kubernetes);
  const flannel = await readFlannelLock(release);
  await checkRequirements(source);
  const steps = new Steps(cacheDir, onProgress, signal);
  await steps.sweep();
  const arch = architecture();
  const trees = await treesFromModules(release, steps, { cacheDir, locked, onProgress, signal });
  const manifest = await manifestFromModule(flannel, steps, signal);
  const storage = new BuildStorage(join(cacheDir, 'podman'), signal);
  try {
    const images = [];
    for (const spec of imageSpecs(release, flannel)) {
      images.push(await buildImage(spec, trees.folders, steps, storage, signal));
    }
    const versions = { ...release, ...trees.versions };
    const parts = {
      identity: { kubernetes, arch, source, versions },
      images,
      manifests: [{ lock: flannel, path: manifest }],
    };
    return await assembleBundle(parts, bundleDir(options), signal);
  } finally {
    await storage[Symbol.asyncDispose]();
  }
}
