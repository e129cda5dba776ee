import { DEFAULT_KUBERNETES } from '../../bundle/build/build.ts';
import { renewUpstreamLock } from '../../bundle/build/upstream/renew-lock.ts';
import { cacheDirectory } from '../../lib/base-directories.ts';
import { buildProgress } from '../session/build-progress.ts';
import type { Run, VerbResult } from '../verb.ts';

export interface LockFlags {
  readonly kubernetes?: string;
  readonly arch: string;
  readonly mirror: readonly string[];
}

/** `kboot bundle lock`: resolves with the file that was written. */
export async function runBundleLock(run: Run, { kubernetes, arch, mirror }: LockFlags): Promise<VerbResult> {
  run.report({ type: 'run-start', verb: 'bundle lock', hosts: [] });
  const path = await renewUpstreamLock({
    kubernetes: kubernetes ?? DEFAULT_KUBERNETES,
    arch,
    mirrors: mirror,
    cacheDir: cacheDirectory(run.io),
    onProgress: buildProgress(run.report),
    signal: run.io.signal,
  });
  run.report({
    type: 'note',
    text: 'compare what is new in it with what the projects announce, then commit it',
  });
  return { output: `${path}\n` };
}
