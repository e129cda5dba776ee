import type { Bundle } from '../bundle/open.ts';
import type { Host } from '../host/host.ts';
import type { Clock } from '../lib/clock.ts';
import type { Report } from '../lib/events.ts';
import type { Phase } from '../phases/phase.ts';
import type { ClusterState, MachineState } from '../session/state.ts';
import { makePlan, type Plan } from './plan.ts';
import { foreignFiles, preflight, refuseErrors } from './preflight/preflight.ts';
import { type PlanResult, runPlan } from './run.ts';

export interface ApplyOptions {
  readonly bundle: Bundle;
  readonly hosts: ReadonlyMap<MachineState, Host>;
  readonly clock: Clock;
  readonly report: Report;
  readonly signal: AbortSignal;
  readonly limit: number;
  readonly cacheDir: string;
}

/** Checks the machines and decides: what `--dry-run` shows. Throws PREFLIGHT_FAILED with every problem. */
export async function planRecipe(
  clusterState: ClusterState,
  recipe: readonly Phase[],
  { bundle, hosts, cacheDir, report, signal }: Omit<ApplyOptions, 'clock' | 'limit'>,
): Promise<Plan> {
  const problems = [
    ...preflight(clusterState, bundle),
    ...(await foreignFiles(clusterState, hosts, bundle, cacheDir, signal)),
  ];
  for (const { severity, host, what, remedy } of problems) {
    if (severity === 'warning') report({ type: 'warning', host, text: `${what}: ${remedy}` });
  }
  refuseErrors(problems);
  return makePlan(recipe, clusterState, bundle);
}

/** Carries a plan out. */
export async function applyPlan(
  plan: Plan,
  clusterState: ClusterState,
  options: ApplyOptions,
): Promise<PlanResult> {
  const { bundle, hosts, cacheDir, clock } = options;
  const hostOf = (state: MachineState): Host => {
    const host = hosts.get(state);
    if (!host) throw new Error(`no connection to ${state.machine.name}`);
    return host;
  };
  return runPlan(plan, {
    clock,
    report: options.report,
    signal: options.signal,
    limit: options.limit,
    contextOf: ({ state }) => ({
      cluster: clusterState.cluster,
      clusterState,
      bundle,
      state,
      host: hostOf(state),
      leader: hostOf(clusterState.leader),
      clock,
      cacheDir,
    }),
  });
}
