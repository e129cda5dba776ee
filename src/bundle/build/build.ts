import { join } from 'node:path';
import type { BundleLock } from '../lock.ts';
import type { Bundle } from '../open.ts';
import { assembleBundle } from './assemble.ts';
import { fromModules } from './from-modules.ts';
import { fromUpstream } from './from-upstream.ts';
import type { OnProgress } from './progress.ts';
import { readFlannelLock, readRelease } from './release.ts';
import { ensureRequirements } from './requirements.ts';
import { Steps } from './steps.ts';
import { architecture } from './toolchain.ts';
import { parseMirrors } from './upstream/mirrors.ts';

export { DEFAULT_KUBERNETES } from './release.ts';

export interface BuildOptions {
  /** `v1.37.2`; one of the committed versions. */
  readonly kubernetes: string;
  readonly source: BundleLock['source'];
  /** kboot's cache folder; the bundle lands in `bundles/` below it. */
  readonly cacheDir: string;
  /** Fail rather than take other versions of Debian packages than the locked ones. */
  readonly locked?: boolean;
  /** Install the Debian packages that this machine lacks, which root can. */
  readonly install?: boolean;
  /** For upstream: `HOST=PLACE` texts, what to ask in the place of a host. */
  readonly mirrors?: readonly string[];
  /** For upstream: the file that pins what is taken, when it is not the committed one. */
  readonly lockFile?: string;
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
  const {
    kubernetes,
    source,
    cacheDir,
    locked = false,
    install = false,
    mirrors = [],
    onProgress,
    signal,
  } = options;
  const release = await readRelease(kubernetes);
  const flannel = await readFlannelLock(release);
  const upstream = {
    mirrors: parseMirrors(mirrors),
    ...(options.lockFile && { lockFile: options.lockFile }),
  };
  await ensureRequirements(source, {
    install,
    onProgress: (title) => onProgress({ step: 'requirements', title, state: 'note', ms: 0 }),
    signal,
  });
  const steps = new Steps(cacheDir, onProgress, signal);
  await steps.sweep();
  const arch = architecture();
  const given = { release, flannel, arch, steps, cacheDir, locked, onProgress, signal };
  const { images, manifest, versions } =
    source === 'modules' ? await fromModules(given) : await fromUpstream({ ...given, ...upstream });
  const identity = { kubernetes, arch, source, versions };
  const manifests = [{ lock: flannel, path: manifest }];
  return assembleBundle({ identity, images, manifests }, bundleDir(options), signal);
}
