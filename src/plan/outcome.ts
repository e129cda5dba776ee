import { KbootError } from '../lib/errors.ts';
import type { Failure } from '../lib/failure.ts';
import type { Phase } from '../phases/phase.ts';
import type { MachineState } from '../session/state.ts';
import type { Plan, Step } from './plan.ts';

/** How a step of a plan ended. */
export type Outcome =
  /** What the phase resolved with. */
  | { readonly state: 'done'; readonly result: unknown }
  /** There was nothing to do. */
  | { readonly state: 'skipped' }
  /** `isCancelled`: not by itself; the run was ended before or while it was at work. */
  | { readonly state: 'failed'; readonly error: unknown; readonly isCancelled?: true }
  /** Not tried, or stopped, because the other step failed. */
  | { readonly state: 'blocked'; readonly by: Step };

export type Outcomes = ReadonlyMap<Step, Outcome>;

/** Whether a phase failed on a machine; one that was cancelled did not. */
export function hasFailed(phase: Phase, state: MachineState, outcomes: Outcomes): boolean {
  for (const [step, outcome] of outcomes) {
    if (step.phase.id === phase.id && step.state === state)
      return outcome.state === 'failed' && outcome.isCancelled !== true;
  }
  return false;
}

/** What a phase made, by machine, where it was done. */
export function resultsOf<Result>(
  phase: Phase<Result>,
  outcomes: Outcomes,
): ReadonlyMap<MachineState, Result> {
  return new Map(
    [...outcomes].flatMap(([step, outcome]) =>
      step.phase.id === phase.id && outcome.state === 'done'
        ? [[step.state, outcome.result as Result] as const]
        : [],
    ),
  );
}

/** What a phase made on a machine, or on the only one where it was done. Throws an Error where there is nothing. */
export function resultFor<Result>(phase: Phase<Result>, state: MachineState, outcomes: Outcomes): Result {
  let found = 0;
  let last: unknown;
  // Each machine asks: no list of all results is made for that.
  for (const [step, outcome] of outcomes) {
    if (step.phase.id !== phase.id || outcome.state !== 'done') continue;
    if (step.state === state) return outcome.result as Result;
    last = outcome.result;
    found += 1;
  }
  if (found !== 1) throw new Error(`nothing is there yet of the phase ${phase.id}`);
  return last as Result;
}

/**
 * Every failure, in the order of the plan. A machine whose steps were blocked by another one's failure has failed
 * as well, once: it is not what the plan wanted it to be.
 */
export function failuresOf({ steps }: Plan, outcomes: Outcomes): readonly Failure[] {
  const ended = steps.map((step) => ({ step, outcome: outcomes.get(step) }));
  const broken = new Set(
    ended.flatMap(({ step, outcome }) => (outcome?.state === 'failed' ? [step.state] : [])),
  );
  const told = new Set<unknown>();
  return ended.flatMap(({ step, outcome }): Failure[] => {
    const { state, phase } = step;
    const failure = { host: state.machine.name, phase: phase.id };
    if (outcome?.state === 'failed') return [{ ...failure, error: outcome.error }];
    if (outcome?.state !== 'blocked' || broken.has(state) || told.has(state)) return [];
    told.add(state);
    return [{ ...failure, error: blockedError(step, rootOf(outcome.by, outcomes)), blocked: true }];
  });
}

/** The step that failed, at the beginning of a chain of blocked ones. */
function rootOf(step: Step, outcomes: Outcomes): Step {
  const outcome = outcomes.get(step);
  return outcome?.state === 'blocked' ? rootOf(outcome.by, outcomes) : step;
}

function blockedError({ state, phase }: Step, root: Step): KbootError {
  const { name } = state.machine;
  const cause = root.state.machine.name;
  return new KbootError(
    'SOME_HOSTS_FAILED',
    `${name}: not tried: "${phase.title}" waits for ${cause}, where "${root.phase.title}" failed`,
    {
      host: name,
      hint: `mend what failed on ${cause}, then run the same command again`,
    },
  );
}
