import type { Bundle } from '../bundle/open.ts';
import type { Decision, Phase } from '../phases/phase.ts';
import type { ClusterState, MachineState } from '../session/state.ts';

/** One phase on one machine, with what was decided about it. */
export interface Step {
  readonly phase: Phase;
  readonly state: MachineState;
  readonly decision: Decision;
}

/** What a run will do, in the order of the recipe and of the machines. */
export interface Plan {
  readonly steps: readonly Step[];
}

/** Decides for every phase and machine. A pure function of what the machines said. */
export function makePlan(recipe: readonly Phase[], clusterState: ClusterState, bundle: Bundle): Plan {
  const steps = recipe.flatMap((phase) =>
    clusterState.states
      .filter((state) => phase.on(state, clusterState))
      .map((state) => ({ phase, state, decision: phase.decide(state, clusterState, bundle) })),
  );
  return { steps };
}

/** The steps that would change a machine: what only looks does not count. */
export function changesOf(plan: Plan): readonly Step[] {
  return plan.steps.filter(({ phase, decision }) => decision.run && phase.check !== true);
}

/**
 * The steps that must be over before each step, by the rules of Phase.after and Phase.serial. Throws an Error when
 * steps wait for each other in a circle: a mistake in a recipe.
 */
export function prerequisites({ steps }: Plan): ReadonlyMap<Step, readonly Step[]> {
  const byPhase = new Map<string, Step[]>();
  for (const step of steps) {
    const same = byPhase.get(step.phase.id);
    if (same) same.push(step);
    else byPhase.set(step.phase.id, [step]);
  }
  const ownOf = new Map(steps.map((step) => [`${step.phase.id} ${step.state.machine.name}`, step]));
  const before = new Map(
    steps.map((step) => {
      const asked = step.phase.after.flatMap(({ id }) => {
        const own = ownOf.get(`${id} ${step.state.machine.name}`);
        return own ? [own] : (byPhase.get(id) ?? []);
      });
      const same = step.phase.serial === true ? (byPhase.get(step.phase.id) ?? []) : [];
      const former = same[same.indexOf(step) - 1];
      return [step, former ? [...asked, former] : asked];
    }),
  );
  requireNoCircle(before);
  return before;
}

function requireNoCircle(before: ReadonlyMap<Step, readonly Step[]>): void {
  const state = new Map<Step, 'open' | 'good'>();
  const visit = (step: Step): void => {
    if (state.get(step) === 'good') return;
    if (state.get(step) === 'open') throw new Error(`the phase ${step.phase.id} waits for itself`);
    state.set(step, 'open');
    for (const other of before.get(step) ?? []) visit(other);
    state.set(step, 'good');
  };
  for (const step of before.keys()) visit(step);
}
