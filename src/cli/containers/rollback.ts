import { rollbackStep } from '../../phases/containers/rollback-step.ts';
import { resultsOf } from '../../plan/outcome.ts';
import { Rollbacks } from '../json/documents.ts';
import { readCluster } from '../session/cluster-file.ts';
import type { Run, VerbResult } from '../verb.ts';
import { applySteps, requireSomewhere, resultOf, withMachines } from './change.ts';
import { type ChangeFlags, chooseMachines } from './machines.ts';

export interface RollbackFlags extends ChangeFlags {
  /** Seconds. */
  readonly healthTimeout?: number;
}

/** Switches a container back to its former deployment on the chosen machines. */
export async function runRollback(run: Run, name: string, flags: RollbackFlags): Promise<VerbResult> {
  const cluster = await readCluster(run);
  const machines = chooseMachines(cluster, flags, 'change');
  return withMachines(run, cluster, machines, flags, async (change) => {
    requireSomewhere(change, name, flags.host);
    const rollback = rollbackStep({ name, healthTimeoutS: flags.healthTimeout });
    const applied = await applySteps(change, [rollback], flags);
    return resultOf(
      change,
      applied,
      resultsOf(rollback, applied.outcomes),
      flags.json ? Rollbacks : undefined,
    );
  });
}
