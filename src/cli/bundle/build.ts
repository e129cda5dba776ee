import { buildBundle, DEFAULT_KUBERNETES } from '../../bundle/build/build.ts';
import { cacheDirectory } from '../../lib/base-directories.ts';
import { buildProgress } from '../session/build-progress.ts';
import type { Run, VerbResult } from '../verb.ts';
import { type ChosenFlags, identify } from './chosen.ts';

export interface BuildFlags extends ChosenFlags {
  readonly locked: boolean;
  readonly install: boolean;
  readonly mirror: readonly string[];
}

/** `kboot bundle build`: resolves with the folder and the digest, for kboot.yaml. */
export async function runBundleBuild(
  run: Run,
  { kubernetes, source, locked, install, mirror }: BuildFlags,
): Promise<VerbResult> {
  run.report({ type: 'run-start', verb: 'bundle build', hosts: [] });
  const bundle = await buildBundle({
    kubernetes: kubernetes ?? DEFAULT_KUBERNETES,
    source,
    locked,
    install,
    mirrors: mirror,
    cacheDir: cacheDirectory(run.io),
    onProgress: buildProgress(run.report),
    signal: run.io.signal,
  });
  return { output: identify(bundle) };
}
