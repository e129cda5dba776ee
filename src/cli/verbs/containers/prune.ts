import { pruneStep } from '../../../phases/containers/prune-step.ts';
import type { Results } from '../../../phases/containers/step.ts';
import type { Garbage } from '../../../system-container/index.ts';
import type { Run } from '../../verb.ts';
import { readCluster } from '../cluster.ts';
import { applySteps, finish, withMachines } from './change.ts';
import { chooseMachines } from './machines.ts';
import type { ChangeFlags } from './rollback.ts';

/** Deletes what no container needs any more. */
export async function runPrune(run: Run, flags: ChangeFlags): Promise<string> {
  const cluster = await readCluster(run);
  const machines = chooseMachines(cluster, flags, 'change');
  return withMachines(run, cluster, machines, flags, async (change) => {
    const results: Results<Garbage & { readonly messages: readonly string[] }> = new Map();
    const { failures, planned } = await applySteps(change, [pruneStep(results)], flags);
    return planned ?? finish(change, failures, results, flags.json);
  });
}
