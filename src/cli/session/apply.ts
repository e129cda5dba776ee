import type { Bundle } from '../../bundle/open.ts';
import { cacheDirectory } from '../../lib/base-directories.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Failure } from '../../lib/failure.ts';
import type { Phase } from '../../phases/phase.ts';
import { applyPlan, planRecipe } from '../../plan/apply.ts';
import type { Outcomes } from '../../plan/outcome.ts';
import { changesOf, makePlan, type Plan } from '../../plan/plan.ts';
import type { Session } from '../../session/session.ts';
import type { Run } from '../verb.ts';
import { PARALLEL } from './session.ts';

export interface Applied {
  readonly plan: Plan;
  /** How many steps changed something. */
  readonly changes: number;
  readonly failures: readonly Failure[];
  /** Of a dry run none. */
  readonly outcomes: Outcomes;
}

interface ApplySettings {
  readonly dryRun: boolean;
  /** Called when all checks are passed and the first change is about to be made. */
  readonly before?: () => Promise<void>;
  /** Whether the machines must pass preflight; what takes a cluster away does not ask for that. */
  readonly check?: boolean;
}

/** Plans a recipe and, unless it is a dry run, carries it out. */
export async function applyRecipe(
  run: Run,
  session: Session,
  recipe: readonly Phase[],
  bundle: Bundle,
  { dryRun, before, check = true }: ApplySettings,
): Promise<Applied> {
  const { clusterState, hosts } = session;
  const options = {
    bundle,
    hosts,
    clock: systemClock,
    report: run.report,
    signal: run.io.signal,
    limit: PARALLEL,
    cacheDir: cacheDirectory(run.io),
  };
  const plan = check
    ? await planRecipe(clusterState, recipe, options)
    : makePlan(recipe, clusterState, bundle);
  const changes = changesOf(plan).length;
  if (dryRun) return { plan, changes, failures: session.failures, outcomes: new Map() };
  await before?.();
  const { failures, outcomes } = await applyPlan(plan, clusterState, options);
  return { plan, changes, outcomes, failures: [...session.failures, ...failures] };
}
