import { NO_BUNDLE } from '../../bundle/none.ts';
import { type Cluster, type Machine, machinesOf } from '../../config/cluster.ts';
import { KbootError } from '../../lib/errors.ts';
import type { Failure } from '../../lib/failure.ts';
import type { Phase } from '../../phases/phase.ts';
import { RESET, removal } from '../../phases/reset/recipes.ts';
import type { Plan } from '../../plan/plan.ts';
import { confirm } from '../confirm.ts';
import { renderPlan } from '../render/plan.ts';
import { applyRecipe } from '../session/apply.ts';
import { readCluster } from '../session/cluster-file.ts';
import { machinesNamed, sessionFor } from '../session/session.ts';
import type { Run, VerbResult } from '../verb.ts';

export interface ResetOptions {
  readonly yes: boolean;
  /** Do not ask the cluster: neither wait for pods to leave nor take the node out of it. */
  readonly force: boolean;
  readonly dryRun: boolean;
  /** Seconds. */
  readonly drainTimeout: number;
}

/** One group of machines that are reset together, and how. */
interface Stage {
  readonly machines: readonly Machine[];
  readonly recipe: readonly Phase[];
  /** The cluster is asked to let them go. */
  readonly needsMaster: boolean;
}

/** All: nodes, then masters. By name: nodes leave the cluster first; a master can only go with everything. */
function stagesFor(cluster: Cluster, names: readonly string[], options: ResetOptions): readonly Stage[] {
  const alone = { recipe: RESET, needsMaster: false };
  if (names.length === 0) return [cluster.nodes, cluster.masters].map((machines) => ({ machines, ...alone }));
  const machines = machinesNamed(cluster, names);
  const master = machines.find(({ role }) => role === 'master');
  if (master && machines.length < machinesOf(cluster).length) {
    throw new KbootError('REFUSED', `${master.name} is a master: the others cannot do without it`, {
      host: master.name,
      hint: 'kboot reset without names takes the whole cluster down',
    });
  }
  if (master) return stagesFor(cluster, [], options);
  if (options.force) return [{ machines, ...alone }];
  return [{ machines, recipe: removal(options.drainTimeout), needsMaster: true }];
}

/** Makes machines as they were before kboot, after asking. */
export async function runReset(
  run: Run,
  names: readonly string[],
  options: ResetOptions,
): Promise<VerbResult> {
  const cluster = await readCluster(run);
  const stages = stagesFor(cluster, names, options).filter(({ machines }) => machines.length > 0);
  const all = stages.flatMap(({ machines }) => machines);
  const question = `Take the cluster and its data off ${all.map(({ name }) => name).join(', ')}?`;
  await confirm(run.io, question, options.yes || options.dryRun);
  const failures: Failure[] = [];
  const plans: Plan[] = [];
  let changes = 0;
  for (const stage of stages) {
    const done = await resetStage(run, cluster, stage, options);
    failures.push(...done.failures);
    changes += done.changes;
    plans.push(done.plan);
  }
  if (failures.length > 0) return { failures, machines: all };
  if (options.dryRun) return { output: plans.map(renderPlan).join('') };
  const output =
    changes === 0
      ? 'no changes: kboot has changed none of these machines\n'
      : `as before kboot: ${all.map(({ name }) => name).join(', ')}\n`;
  return { output };
}

async function resetStage(run: Run, cluster: Cluster, stage: Stage, { dryRun }: ResetOptions) {
  const { machines, recipe, needsMaster } = stage;
  const involved = needsMaster ? [...cluster.masters, ...machines] : machines;
  await using session = await sessionFor(run, cluster, involved, { needsMaster, dryRun });
  // Awaited here: the session ends with this function.
  return await applyRecipe(run, session, recipe, NO_BUNDLE, { dryRun, check: false });
}
