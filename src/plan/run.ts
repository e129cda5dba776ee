import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Report } from '../lib/events.ts';
import type { Failure } from '../lib/failure.ts';
import type { PhaseContext } from '../phases/phase.ts';
import { explainFullDisk } from './full-disk.ts';
import { failuresOf, hasFailed, type Outcome, type Outcomes, resultFor } from './outcome.ts';
import type { Plan, Step } from './plan.ts';
import { Schedule } from './schedule.ts';

/** How long the cleaning up of one machine may take, also after Ctrl-C. */
const CLEAN_UP_MS = 120_000;

/** Why a step is stopped that could go on by itself. */
class Blocked extends Error {
  readonly by: Step;

  constructor(by: Step) {
    super(`${by.phase.title} failed`);
    this.by = by;
  }
}

export interface RunOptions {
  readonly clock: Clock;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** How many machines are worked on at the same time. */
  readonly limit: number;
  /** What the phase of a step works with, but for what the run itself knows. */
  readonly contextOf: (
    step: Step,
  ) => Omit<PhaseContext, 'signal' | 'progress' | 'warn' | 'resultOf' | 'hasFailed'>;
}

/** What came of a plan. */
export interface PlanResult {
  readonly outcomes: Outcomes;
  /** Every failure, in the order of the plan. */
  readonly failures: readonly Failure[];
}

/**
 * Walks a plan: machines in parallel up to the limit, on each machine whatever does not wait for something
 * else. A failure ends its own machine's other phases, but for those that finish what is needed already; other
 * machines go on unless they wait for it. Phases marked `always` run last, also after a failure or an
 * interruption. Never rejects because of what a phase does.
 */
export async function runPlan(plan: Plan, options: RunOptions): Promise<PlanResult> {
  const marked = (always: boolean): Plan => ({
    steps: plan.steps.filter(({ phase }) => (phase.always === true) === always),
  });
  const main = await runMain(marked(false), options);
  const outcomes = await cleanUp(marked(true), main, options);
  return { outcomes, failures: failuresOf(plan, outcomes) };
}

function runMain(plan: Plan, options: RunOptions): Promise<Outcomes> {
  const schedule = new Schedule(plan, options.limit);
  const running = new Map<Step, AbortController>();
  return new Promise((resolve) => {
    const start = async (step: Step): Promise<void> => {
      const stop = new AbortController();
      running.set(step, stop);
      const signal = AbortSignal.any([options.signal, stop.signal]);
      // All that is under way listens to it: many commands are no leak.
      setMaxListeners(0, signal);
      const outcome = await runStep(step, signal, schedule.outcomes, options);
      running.delete(step);
      for (const other of schedule.end(step, outcome)) running.get(other)?.abort(new Blocked(step));
      goOn();
    };
    const goOn = (): void => {
      if (options.signal.aborted) schedule.cancel(options.signal.reason);
      for (let step = schedule.take(); step !== undefined; step = schedule.take()) void start(step);
      if (schedule.isOver) resolve(schedule.outcomes);
    };
    goOn();
  });
}

/**
 * Machines in parallel, each one's phases one after the other, whatever came of the one before. Resolves with the
 * outcomes of the whole run.
 */
async function cleanUp({ steps }: Plan, main: Outcomes, options: RunOptions): Promise<Outcomes> {
  const slots = pLimit(options.limit);
  const outcomes = new Map<Step, Outcome>(main);
  const machines = [...new Set(steps.map(({ state }) => state))];
  await Promise.all(
    machines.map((machine) =>
      slots(async () => {
        const signal = AbortSignal.timeout(CLEAN_UP_MS);
        for (const step of steps.filter(({ state }) => state === machine)) {
          outcomes.set(step, await runStep(step, signal, outcomes, options));
        }
      }),
    ),
  );
  return outcomes;
}

/** `outcomes` are those of the steps before, and grow while it runs. */
async function runStep(
  step: Step,
  signal: AbortSignal,
  outcomes: Outcomes,
  options: RunOptions,
): Promise<Outcome> {
  const { phase, state, decision } = step;
  const { report, clock } = options;
  const host = state.machine.name;
  const skip = (because: string) =>
    report({ type: 'phase-skip', phase: phase.id, title: phase.title, host, because });
  if (!decision.run) {
    skip(decision.because);
    return { state: 'skipped' };
  }
  const startedAt = clock.now();
  report({ type: 'phase-start', phase: phase.id, title: phase.title, host });
  try {
    const result = await phase.run({
      ...options.contextOf(step),
      signal,
      progress: (update) => report({ type: 'phase-progress', phase: phase.id, host, ...update }),
      warn: (text) => report({ type: 'warning', host, text }),
      resultOf: (other) => resultFor(other, state, outcomes),
      hasFailed: (other) => hasFailed(other, state, outcomes),
    });
    report({ type: 'phase-end', phase: phase.id, host, ms: clock.now() - startedAt, ok: true });
    return { state: 'done', result };
  } catch (thrown) {
    if (signal.reason instanceof Blocked) {
      skip('stopped: another phase of this machine failed');
      return { state: 'blocked', by: signal.reason.by };
    }
    if (signal.aborted) {
      skip('stopped: the next run goes on from here');
      return { state: 'failed', error: thrown, isCancelled: true };
    }
    const ms = clock.now() - startedAt;
    report({ type: 'phase-end', phase: phase.id, host, ms, ok: false, error: messageOf(thrown) });
    return { state: 'failed', error: await explainFullDisk(thrown, options.contextOf(step).host) };
  }
}
