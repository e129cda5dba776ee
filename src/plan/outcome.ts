import { KbootError } from '../lib/errors.ts';
import type { Plan, Step } from './plan.ts';

/** How a step of a plan ended. */
export type Outcome =
  | { readonly state: 'done' }
  /** There was nothing to do. */
  | { readonly state: 'skipped' }
  | { readonly state: 'failed'; readonly error: unknown }
  /** Not tried, or stopped, because the other step failed. */
  | { readonly state: 'blocked'; readonly by: Step };

export type Outcomes = ReadonlyMap<Step, Outcome>;

/** A failure of one machine. */
export interface Failure {
  readonly host: string;
  readonly phase: string;
  readonly error: unknown;
  /** The machine itself is well: what it waits for failed on another one. */
  readonly blocked?: true;
}

/**
 * Every failure, in the order of the plan. A machine whose steps were blocked by another one's failure has failed
 * as well, once: it is not what the plan wanted it to be.
 */
export function failuresOf({ steps }: Plan, outcomes: Outcomes): readonly Failure[] {
  const ended = steps.map((step) => ({ step, outcome: outcomes.get(step) }));
  const broken = new Set(
    ended.flatMap(({ step, outcome }) => (outcome?.state === 'failed' ? [step.subject] : [])),
  );
  const told = new Set<unknown>();
  return ended.flatMap(({ step, outcome }): Failure[] => {
    const { subject, phase } = step;
    const failure = { host: subject.machine.name, phase: phase.id };
    if (outcome?.state === 'failed') return [{ ...failure, error: outcome.error }];
    if (outcome?.state !== 'blocked' || broken.has(subject) || told.has(subject)) return [];
    told.add(subject);
    return [{ ...failure, error: blockedError(step, rootOf(outcome.by, outcomes)), blocked: true }];
  });
}

/** The step that failed, at the beginning of a chain of blocked ones. */
function rootOf(step: Step, outcomes: Outcomes): Step {
  const outcome = outcomes.get(step);
  return outcome?.state === 'blocked' ? rootOf(outcome.by, outcomes) : step;
}

function blockedError({ subject, phase }: Step, root: Step): KbootError {
  const { name } = subject.machine;
  const cause = root.subject.machine.name;
  return new KbootError(
    'SOME_HOSTS_FAILED',
    `${name}: not tried: "${phase.title}" waits for ${cause}, where "${root.phase.title}" failed`,
    {
      host: name,
      hint: `mend what failed on ${cause}, then run the same command again`,
    },
  );
}
