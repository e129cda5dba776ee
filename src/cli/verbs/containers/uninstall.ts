import { uninstallStep } from '../../../phases/containers/uninstall-step.ts';
import { resultsOf } from '../../../plan/outcome.ts';
import type { Run } from '../../verb.ts';
import { readCluster } from '../cluster.ts';
import { applySteps, finish, requireSomewhere, withMachines } from './change.ts';
import { type ChangeFlags, chooseMachines } from './machines.ts';

/** Uninstalls a container from the chosen machines. */
export async function runUninstall(
  run: Run,
  name: string,
  flags: ChangeFlags & { readonly force: boolean },
): Promise<string> {
  const cluster = await readCluster(run);
  const machines = chooseMachines(cluster, flags, 'change');
  return withMachines(run, cluster, machines, flags, async (change) => {
    const uninstall = uninstallStep(name, flags.force);
    const { failures, outcomes, planned } = await applySteps(change, [uninstall], flags);
    if (planned !== undefined) return planned;
    const results = resultsOf(uninstall, outcomes);
    if (failures.length === 0 && results.size === 0) requireSomewhere(change, name, flags.host);
    return finish(change, failures, results, flags.json);
  });
}
