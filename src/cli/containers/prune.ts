import { prune } from '../../phases/containers/prune-step.ts';
import { resultsOf } from '../../plan/outcome.ts';
import { Prunes } from '../json/documents.ts';
import { readCluster } from '../session/cluster-file.ts';
import type { Run, VerbResult } from '../verb.ts';
import { applySteps, resultOf, withMachines } from './change.ts';
import { type ChangeFlags, chooseMachines } from './machines.ts';

/** Deletes what no container needs any more. */
export async function runPrune(run: Run, flags: ChangeFlags): Promise<VerbResult> {
  const cluster = await readCluster(run);
  const machines = chooseMachines(cluster, flags, 'change');
  return withMachines(run, cluster, machines, flags, async (change) => {
    const applied = await applySteps(change, [prune], flags);
    return resultOf(change, applied, resultsOf(prune, applied.outcomes), flags.json ? Prunes : undefined);
  });
}
