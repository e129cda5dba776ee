import { prune } from '../../../phases/containers/prune-step.ts';
import { resultsOf } from '../../../plan/outcome.ts';
import type { Run } from '../../verb.ts';
import { readCluster } from '../cluster.ts';
import { applySteps, finish, withMachines } from './change.ts';
import { type ChangeFlags, chooseMachines } from './machines.ts';

/** Deletes what no container needs any more. */
export async function runPrune(run: Run, flags: ChangeFlags): Promise<string> {
  const cluster = await readCluster(run);
  const machines = chooseMachines(cluster, flags, 'change');
  return withMachines(run, cluster, machines, flags, async (change) => {
    const { failures, outcomes, planned } = await applySteps(change, [prune], flags);
    return planned ?? finish(change, failures, resultsOf(prune, outcomes), flags.json);
  });
}
