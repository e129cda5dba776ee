import { join } from 'node:path';
import { buildBundle, bundleDir, DEFAULT_KUBERNETES } from '../../bundle/build/build.ts';
import type { BundleLock } from '../../bundle/lock.ts';
import { unbuiltBundle } from '../../bundle/none.ts';
import { type Bundle, LOCK_FILE, openBundle } from '../../bundle/open.ts';
import type { Cluster } from '../../config/cluster.ts';
import { cacheDirectory } from '../../lib/base-directories.ts';
import { KbootError } from '../../lib/errors.ts';
import { exists } from '../../lib/exists.ts';
import type { Run } from '../verb.ts';
import { buildProgress } from './build-progress.ts';

/**
 * The bundle of a cluster, opened but not verified: the one that kboot.yaml names, or the default one, which is
 * built when it is not there yet.
 */
export async function clusterBundle(run: Run, cluster: Cluster): Promise<Bundle> {
  const { path, digest } = cluster.bundle;
  const bundle = path === undefined ? await defaultBundle(run, cluster) : await openBundle(path, digest);
  if (digest !== undefined && bundle.digest !== digest) {
    throw new KbootError(
      'BUNDLE_INVALID',
      `${bundle.dir}: kboot.yaml pins ${digest}, this is ${bundle.digest}`,
      {
        hint: 'correct bundle.digest in kboot.yaml, or give it the bundle that it pins (bundle.path)',
      },
    );
  }
  checkVersion(bundle.lock, cluster);
  return bundle;
}

/**
 * The bundle of a cluster for a dry run, which builds nothing: the one that is there, or one that says that it has yet
 * to be built.
 */
export async function bundleToLookAt(run: Run, cluster: Cluster): Promise<Bundle> {
  if (cluster.bundle.path !== undefined) return clusterBundle(run, cluster);
  const kubernetes = cluster.kubernetes ?? DEFAULT_KUBERNETES;
  if (!(await isToBeBuilt(run, cluster))) {
    return openBundle(bundleDir({ cacheDir: cacheDirectory(run.io), kubernetes, source: 'modules' }));
  }
  run.report({
    type: 'note',
    text: `the bundle for ${kubernetes} is not built yet, so the plan has no sizes: kboot bundle build builds it`,
  });
  return unbuiltBundle(kubernetes);
}

/** The cluster's bundle has to be built from nothing: that takes a quarter of an hour. */
export async function isToBeBuilt({ io }: Run, cluster: Cluster): Promise<boolean> {
  if (cluster.bundle.path !== undefined) return false;
  const kubernetes = cluster.kubernetes ?? DEFAULT_KUBERNETES;
  const dir = bundleDir({ cacheDir: cacheDirectory(io), kubernetes, source: 'modules' });
  return !(await exists(join(dir, LOCK_FILE)));
}

function checkVersion({ kubernetes }: BundleLock, cluster: Cluster): void {
  if (cluster.kubernetes === undefined || cluster.kubernetes === kubernetes) return;
  throw new KbootError(
    'CONFIG_INVALID',
    `${cluster.file}: kubernetes is ${cluster.kubernetes}, the bundle has ${kubernetes}`,
    {
      hint: `kboot bundle build --kubernetes ${cluster.kubernetes}, or change kubernetes in kboot.yaml`,
    },
  );
}

async function defaultBundle(run: Run, cluster: Cluster): Promise<Bundle> {
  const kubernetes = cluster.kubernetes ?? DEFAULT_KUBERNETES;
  run.report({ type: 'note', text: `kboot.yaml names no bundle: using the default one for ${kubernetes}` });
  return buildBundle({
    kubernetes,
    source: 'modules',
    cacheDir: cacheDirectory(run.io),
    onProgress: buildProgress(run.report),
    signal: run.io.signal,
  });
}
