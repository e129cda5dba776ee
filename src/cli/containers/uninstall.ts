import { uninstallStep } from '../../phases/containers/uninstall-step.ts';
import { resultsOf } from '../../plan/outcome.ts';
import { Uninstalls } from '../json/documents.ts';
import { readCluster } from '../session/cluster-file.ts';
import type { Run, VerbResult } from '../verb.ts';
import { applySteps, requireSomewhere, resultOf, withMachines } from './change.ts';
import { type ChangeFlags, chooseMachines } from './machines.ts';

/** Uninstalls a container from the chosen machines. */
export async function runUninstall(
  run: Run,
  name: string,
  flags: ChangeFlags & { readonly force: boolean },
): Promise<VerbResult> {
  const cluster = await readCluster(run);
  const machines = chooseMachines(cluster, flags, 'change');
  return withMachines(run, cluster, machines, flags, async (change) => {
    const uninstall = uninstallStep(name, flags.force);
    const applied = await applySteps(change, [uninstall], flags);
    const results = resultsOf(uninstall, applied.outcomes);
    const isDone = applied.failures.length === 0 && !flags.dryRun;
    if (isDone && results.size === 0) requireSomewhere(change, name, flags.host);
    return resultOf(change, applied, results, flags.json ? Uninstalls : undefined);
  });
}
