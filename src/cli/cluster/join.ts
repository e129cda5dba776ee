import { INITIALISED } from '../../cluster/paths.ts';
import { type Addition, planAddition } from '../../config/cluster-edit.ts';
import { KbootError } from '../../lib/errors.ts';
import { JOIN } from '../../phases/recipes.ts';
import { renderPlan } from '../render/plan.ts';
import { applyRecipe } from '../session/apply.ts';
import { readCluster, requireOneMaster } from '../session/cluster-file.ts';
import { bundleAndSession, machinesNamed } from '../session/session.ts';
import type { Run, VerbResult } from '../verb.ts';

export interface JoinOptions {
  /** Every listed node. */
  readonly all: boolean;
  readonly dryRun: boolean;
}

/** The cluster with the machines that are to join, and how to write those down that the file does not list yet. */
async function clusterFor(
  run: Run,
  names: readonly string[],
  all: boolean,
): Promise<Pick<Addition, 'cluster' | 'save'>> {
  if (all === names.length > 0) {
    throw new KbootError('USAGE', 'kboot join takes the names of nodes or --all, one of the two', {
      hint: 'kboot join node1.example.com, or kboot join --all for every node of kboot.yaml',
    });
  }
  if (all) return { cluster: await readCluster(run), save: () => Promise.resolve() };
  const { warnings, ...addition } = await planAddition(run.file, 'nodes', names, run.io.home);
  for (const text of warnings) run.report({ type: 'warning', text });
  return addition;
}

/** Joins nodes to the cluster, in parallel. Those that have joined are left alone. */
export async function runJoin(run: Run, names: readonly string[], options: JoinOptions): Promise<VerbResult> {
  const { cluster, save } = await clusterFor(run, names, options.all);
  requireOneMaster(cluster);
  const wanted = options.all ? cluster.nodes : machinesNamed(cluster, names);
  if (wanted.length === 0) {
    throw new KbootError('USAGE', `${run.file} lists no nodes`, { hint: 'kboot join NODE... adds them' });
  }
  const involved = [...cluster.masters, ...wanted];
  const [bundle, opened] = await bundleAndSession(run, cluster, involved, options);
  await using session = opened;
  const { leader } = session.clusterState;
  if (!leader.facts.present.has(INITIALISED)) {
    throw new KbootError('REFUSED', `${leader.machine.name} is no master yet: there is no cluster to join`, {
      host: leader.machine.name,
      hint: `kboot init ${leader.machine.name}`,
    });
  }
  const { plan, changes, failures } = await applyRecipe(run, session, JOIN, bundle, {
    dryRun: options.dryRun,
    before: save,
  });
  const failed = new Set(failures.map(({ host }) => host));
  const joined = wanted.map(({ name }) => name).filter((name) => !failed.has(name));
  if (failures.length > 0 && joined.length > 0) {
    run.report({ type: 'note', text: `in the cluster: ${joined.join(', ')}` });
  }
  if (failures.length > 0) return { failures, machines: wanted };
  if (options.dryRun) return { output: renderPlan(plan) };
  const output =
    changes === 0
      ? `no changes: ${joined.join(', ')} joined before\n`
      : `in the cluster: ${joined.join(', ')}\n`;
  return { output };
}
