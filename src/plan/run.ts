import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Report } from '../lib/events.ts';
import type { PhaseContext } from '../phases/phase.ts';
import { type Plan, type Step, stepsBefore } from './plan.ts';

/** A step that was not tried, because one before it failed. */
class Blocked extends Error {}

/** A failure of one machine. */
export interface Failure {
  readonly host: string;
  readonly phase: string;
  readonly error: unknown;
}

export interface RunOptions {
  readonly clock: Clock;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** How many machines are worked on at the same time. */
  readonly limit: number;
  /** What the phase of a step works with, but for the signal and the reports. */
  readonly contextOf: (step: Step) => Omit<PhaseContext, 'signal' | 'progress' | 'warn'>;
}

/** Lets go of steps that wait for one which has not started, because its machine has not had its turn. */
class Deferred {
  readonly promise: Promise<void>;
  resolve: () => void = () => {};
  reject: (error: unknown) => void = () => {};

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // A failure is read by those who wait and by the collection at the end; nobody may be waiting.
    this.promise.catch(() => {});
  }
}

/**
 * Walks a plan: machines in parallel up to the limit, on each machine whatever does not wait for something
 * else. A failure ends its own machine's other phases; other machines go on unless they wait for it. Phases
 * marked `always` run last, also after a failure or an interruption. Resolves with every failure, in the order
 * of the plan; never rejects.
 */
export async function runPlan(plan: Plan, options: RunOptions): Promise<readonly Failure[]> {
  const ended = new Map(plan.steps.map((step) => [step, new Deferred()]));
  const failures = new Map<Step, unknown>();
  const slots = pLimit(options.limit);

  const attempt = async (step: Step, signal: AbortSignal): Promise<void> => {
    const end = ended.get(step);
    try {
      await Promise.all(stepsBefore(plan, step).map((before) => ended.get(before)?.promise)).catch(
        (cause) => {
          throw new Blocked('a phase before it failed', { cause });
        },
      );
      signal.throwIfAborted();
      await runStep(step, signal, options);
      end?.resolve();
    } catch (error) {
      end?.reject(error);
      throw error;
    }
  };

  const onMachine = async (steps: readonly Step[]): Promise<void> => {
    const stop = new AbortController();
    const signal = AbortSignal.any([options.signal, stop.signal]);
    // All that is under way listens to it: many machines are no leak.
    setMaxListeners(0, signal);
    await Promise.all(
      steps.map((step) =>
        attempt(step, signal).catch((error) => {
          if (!(error instanceof Blocked) && !stop.signal.aborted) failures.set(step, error);
          stop.abort(new Blocked('another phase of this machine failed'));
        }),
      ),
    );
  };

  const machines = [...new Set(plan.steps.map(({ subject }) => subject))];
  const of = (always: boolean) =>
    machines.map((machine) =>
      plan.steps.filter(({ subject, phase }) => subject === machine && (phase.always === true) === always),
    );
  await Promise.all(of(false).map((steps) => slots(() => onMachine(steps))));
  const lastChance = AbortSignal.timeout(60_000);
  await Promise.all(
    of(true).map((steps) =>
      slots(async () => {
        for (const step of steps) {
          await runStep(step, lastChance, options).catch((error) => failures.set(step, error));
        }
      }),
    ),
  );
  return plan.steps
    .filter((step) => failures.has(step))
    .map((step) => ({ host: step.subject.machine.name, phase: step.phase.id, error: failures.get(step) }));
}

async function runStep(step: Step, signal: AbortSignal, options: RunOptions): Promise<void> {
  const { phase, subject, decision } = step;
  const { report, clock } = options;
  const host = subject.machine.name;
  if (!decision.run) {
    report({ type: 'phase-skip', phase: phase.id, title: phase.title, host, because: decision.because });
    return;
  }
  const startedAt = clock.now();
  report({ type: 'phase-start', phase: phase.id, title: phase.title, host });
  try {
    await phase.run({
      ...options.contextOf(step),
      signal,
      progress: (update) => report({ type: 'phase-progress', phase: phase.id, host, ...update }),
      warn: (text) => report({ type: 'warning', host, text }),
    });
    report({ type: 'phase-end', phase: phase.id, host, ms: clock.now() - startedAt, ok: true });
  } catch (error) {
    if (signal.aborted) {
      const because =
        signal.reason instanceof Blocked
          ? 'stopped: another phase of this machine failed'
          : 'stopped: the next run goes on from here';
      report({ type: 'phase-skip', phase: phase.id, title: phase.title, host, because });
      throw error;
    }
    const ms = clock.now() - startedAt;
    report({ type: 'phase-end', phase: phase.id, host, ms, ok: false, error: messageOf(error) });
    throw error;
  }
}
