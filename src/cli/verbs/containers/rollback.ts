import { rollbackStep } from '../../../phases/containers/rollback-step.ts';
import type { Results } from '../../../phases/containers/step.ts';
import type { RollbackResult } from '../../../system-container/index.ts';
import type { Run } from '../../verb.ts';
import { readCluster } from '../cluster.ts';
import { applySteps, finish, requireSomewhere, withMachines } from './change.ts';
import { chooseMachines, type HostFlags } from './machines.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { oneAfterTheOther } from './update-machines.ts';

export interface ChangeFlags extends HostFlags {
  readonly dryRun: boolean;
  readonly json: boolean;
}

export interface RollbackFlags extends ChangeFlags {
  /** Seconds. */
  readonly healthTimeout?: number;
}

/** Switches a container back to its former deployment on the chosen machines. */
export async function runRollback(run: Run, name: string, flags: RollbackFlags): Promise<string> {
  const cluster = await readCluster(run);
  const machines = chooseMachines(cluster, flags, 'change');
  return withMachines(run, cluster, machines, flags, async (change) => {
    requireSomewhere(change, name, flags.host);
    const results: Results<RollbackResult> = new Map();
    const step = rollbackStep({ name, healthTimeoutS: flags.healthTimeout }, results);
    if (!flags.dryRun && oneAtATime(name)) {
      return finish(change, await oneAfterTheOther(change, step), results, flags.json);
    }
    const { failures, planned } = await applySteps(change, [step], flags);
    return planned ?? finish(change, failures, results, flags.json);
  });
}
