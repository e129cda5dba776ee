import type { Results } from '../../../phases/containers/step.ts';
import { uninstallStep } from '../../../phases/containers/uninstall-step.ts';
import type { UninstallResult } from '../../../system-container/index.ts';
import type { Run } from '../../verb.ts';
import { readCluster } from '../cluster.ts';
import { applySteps, finish, requireSomewhere, withMachines } from './change.ts';
import { chooseMachines } from './machines.ts';
import type { ChangeFlags } from './rollback.ts';

/** Uninstalls a container from the chosen machines. */
export async function runUninstall(
  run: Run,
  name: string,
  flags: ChangeFlags & { readonly force: boolean },
): Promise<string> {
  const cluster = await readCluster(run);
  const machines = chooseMachines(cluster, flags, 'change');
  return withMachines(run, cluster, machines, flags, async (change) => {
    const results: Results<UninstallResult> = new Map();
    const { failures, planned } = await applySteps(
      change,
      [uninstallStep(name, flags.force, results)],
      flags,
    );
    if (planned !== undefined) return planned;
    if (failures.length === 0 && results.size === 0) requireSomewhere(change, name, flags.host);
    return finish(change, failures, results, flags.json);
  });
}
