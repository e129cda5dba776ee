import { KbootError } from '../../lib/errors.ts';
import { Updates } from '../json/documents.ts';
import { readCluster } from '../session/cluster-file.ts';
import type { Run, VerbResult } from '../verb.ts';
import { requireSomewhere, resultOf, withMachines } from './change.ts';
import { chooseMachines, parseSettings } from './machines.ts';
import { Images } from './opened-images.ts';
import { updateAll } from './update-all.ts';
import type { UpdateFlags } from './update-flags.ts';
import { updateMachines } from './update-machines.ts';

/** Updates one container, or all, on the chosen machines. */
export async function runUpdate(run: Run, name: string | undefined, flags: UpdateFlags): Promise<VerbResult> {
  checkFlags(name, flags);
  const values = parseSettings(flags.set);
  const cluster = await readCluster(run);
  const machines = chooseMachines(cluster, flags, 'change');
  if (name === undefined) return updateAll(run, cluster, machines, flags);
  const only = flags.prepare ? 'prepare' : flags.activate ? 'activate' : undefined;
  return withMachines(run, cluster, machines, flags, async (change) => {
    const images = new Images(run, cluster, flags.insecureRegistry);
    const { rebase, runtime, dryRun, healthTimeout: healthTimeoutS } = flags;
    const updated = await updateMachines(change, requireSomewhere(change, name, flags.host), {
      ...{ name, images, values, only, dryRun },
      rebase,
      runtime,
      healthTimeoutS,
    });
    return resultOf(change, updated, updated.results, flags.json ? Updates : undefined);
  });
}

/** Throws USAGE for options that exclude each other. */
function checkFlags(name: string | undefined, { all, set, rebase, prepare, activate }: UpdateFlags): void {
  const incompatible = (what: string) => new KbootError('USAGE', `Incompatible options specified.  ${what}`);
  if (name === undefined && !all)
    throw new KbootError('USAGE', 'Too few arguments.  Please specify the container', {
      hint: 'kboot containers update NAME, or --all for every container',
    });
  if (all && name !== undefined) throw incompatible("--all doesn't support a container name");
  if (all && (set.length > 0 || rebase !== undefined))
    throw incompatible("--all doesn't support --set or --rebase");
  if (prepare && activate) throw incompatible('--prepare and --activate exclude each other');
  if (activate && (set.length > 0 || rebase !== undefined))
    throw incompatible('--activate switches to what was prepared: --set and --rebase belong to --prepare');
}
