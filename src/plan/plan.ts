import type { Bundle } from '../bundle/open.ts';
import type { Decision, Phase, Situation, Subject } from '../phases/phase.ts';

/** One phase on one machine, with what was decided about it. */
export interface Step {
  readonly phase: Phase;
  readonly subject: Subject;
  readonly decision: Decision;
}

/** What a run will do, in the order of the recipe and of the machines. */
export interface Plan {
  readonly steps: readonly Step[];
}

/** Decides for every phase and machine. A pure function of what the machines said. */
export function makePlan(recipe: readonly Phase[], situation: Situation, bundle: Bundle): Plan {
  const steps = recipe.flatMap((phase) =>
    situation.subjects
      .filter((subject) => phase.on(subject, situation))
      .map((subject) => ({ phase, subject, decision: phase.decide(subject, situation, bundle) })),
  );
  return { steps };
}

/** The steps that would change a machine: what only looks does not count. */
export function changesOf(plan: Plan): readonly Step[] {
  return plan.steps.filter(({ phase, decision }) => decision.run && phase.check !== true);
}

/** The steps that must be over before this one, by the rule of Phase.after. */
export function stepsBefore({ steps }: Plan, step: Step): readonly Step[] {
  return step.phase.after.flatMap((id) => {
    const all = steps.filter(({ phase }) => phase.id === id);
    const own = all.filter(({ subject }) => subject === step.subject);
    return own.length > 0 ? own : all;
  });
}
