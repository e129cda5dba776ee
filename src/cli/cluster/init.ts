import type { Cluster } from '../../config/cluster.ts';
import { createCluster, previewCluster } from '../../config/cluster-edit.ts';
import { KbootError } from '../../lib/errors.ts';
import { exists } from '../../lib/exists.ts';
import { INIT } from '../../phases/recipes.ts';
import { laterMachines } from '../../plan/preflight/network.ts';
import { refuseErrors } from '../../plan/preflight/preflight.ts';
import { renderPlan } from '../render/plan.ts';
import { applyRecipe } from '../session/apply.ts';
import { readCluster, requireOneMaster } from '../session/cluster-file.ts';
import { bundleAndSession } from '../session/session.ts';
import type { Run, VerbResult } from '../verb.ts';
import { fetchKubeconfig, kubeconfigPath } from './kubeconfig.ts';

export interface InitOptions {
  readonly dryRun: boolean;
}

/** The cluster of the file, or a new one with this master. NAME must be the first master of a file that exists. */
async function clusterFor(run: Run, name: string | undefined): Promise<{ cluster: Cluster; isNew: boolean }> {
  if (!(await exists(run.file))) {
    if (name === undefined) {
      throw new KbootError('USAGE', `${run.file} does not exist, and no machine is named`, {
        hint: 'kboot init NAME makes a cluster file with that machine as its first master',
      });
    }
    return { cluster: previewCluster(run.file, name, run.io.home), isNew: true };
  }
  const cluster = await readCluster(run);
  const first = cluster.masters[0]?.name;
  if (name !== undefined && name !== first) {
    throw new KbootError('USAGE', `${name} is not the first master of ${run.file}, ${first} is`, {
      hint: `kboot init ${first}, or another cluster file (--file)`,
    });
  }
  return { cluster, isNew: false };
}

/** Makes the first master of a cluster. Doing it again goes on where it stopped, and says when nothing is left. */
export async function runInit(
  run: Run,
  name: string | undefined,
  { dryRun }: InitOptions,
): Promise<VerbResult> {
  const { cluster: written, isNew } = await clusterFor(run, name);
  requireOneMaster(written);
  const [bundle, opened] = await bundleAndSession(run, written, written.masters, {
    dryRun,
    witnesses: written.nodes,
  });
  await using session = opened;
  const { cluster } = session.clusterState;
  refuseErrors(laterMachines(cluster, session.resolutions));
  const { plan, changes, failures } = await applyRecipe(run, session, INIT, bundle, {
    dryRun,
    before: async () => {
      if (isNew && name !== undefined) await createCluster(run.file, name, run.io.home);
    },
  });
  if (failures.length > 0) return { failures, machines: written.masters };
  if (dryRun) return { output: renderPlan(plan) };
  const { leader } = session.clusterState;
  const host = session.hosts.get(leader);
  const fetched = host !== undefined && (await fetchKubeconfig(cluster, leader, host, run.io.signal));
  if (changes === 0 && !fetched)
    return { output: `no changes: ${leader.machine.name} is the master of ${cluster.name}\n` };
  const next = cluster.nodes.length > 0 ? 'kboot join --all' : 'kboot join NODE...';
  return {
    output:
      `${leader.machine.name} is the master of ${cluster.name} (Kubernetes ${bundle.lock.kubernetes})\n` +
      `endpoint: ${cluster.endpoint}\nkubeconfig: ${kubeconfigPath(cluster)}\nnext: ${next}\n`,
  };
}
