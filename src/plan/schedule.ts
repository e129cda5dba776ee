import type { Outcome, Outcomes } from './outcome.ts';
import { type Plan, prerequisites, type Step } from './plan.ts';

/**
 * Which steps of a plan may start, given how others ended: bookkeeping only, nothing runs here. At most `limit`
 * machines have running steps at a time; a machine takes a place only while a step of it runs, so that one which
 * waits for another can never be in its way. Machines come in the order of the plan: those that were begun are
 * finished before others begin.
 */
export class Schedule {
  readonly #before: ReadonlyMap<Step, readonly Step[]>;
  readonly #after = new Map<Step, Step[]>();
  readonly #waitsFor = new Map<Step, number>();
  readonly #rank = new Map<Step, number>();
  readonly #limit: number;
  readonly #outcomes = new Map<Step, Outcome>();
  readonly #running = new Set<Step>();
  /** How many steps run on each machine that has any. */
  readonly #working = new Map<unknown, number>();
  /** In the order in which they are to start. */
  #ready: Step[] = [];

  constructor(plan: Plan, limit: number) {
    this.#limit = limit;
    this.#before = prerequisites(plan);
    const machines = [...new Set(plan.steps.map(({ state }) => state))];
    const place = new Map(machines.map((machine, index) => [machine, index]));
    const ranked = [...plan.steps].sort((a, b) => (place.get(a.state) ?? 0) - (place.get(b.state) ?? 0));
    for (const [rank, step] of ranked.entries()) {
      const before = this.#before.get(step) ?? [];
      this.#rank.set(step, rank);
      this.#waitsFor.set(step, before.length);
      for (const other of before) {
        const followers = this.#after.get(other);
        if (followers) followers.push(step);
        else this.#after.set(other, [step]);
      }
      if (before.length === 0) this.#ready.push(step);
    }
  }

  /** How each step ended that has. */
  get outcomes(): Outcomes {
    return this.#outcomes;
  }

  get isOver(): boolean {
    return this.#running.size === 0 && this.#ready.length === 0;
  }

  /** A step that may start now; it runs from here on. undefined while there is none. */
  take(): Step | undefined {
    const full = this.#working.size >= this.#limit;
    const index = this.#ready.findIndex(({ state }) => !full || this.#working.has(state));
    const [step] = index < 0 ? [] : this.#ready.splice(index, 1);
    if (step === undefined) return undefined;
    this.#running.add(step);
    this.#working.set(step.state, (this.#working.get(step.state) ?? 0) + 1);
    return step;
  }

  /** Writes down how a running step ended. Returns the running steps that have to be stopped because it failed. */
  end(step: Step, outcome: Outcome): readonly Step[] {
    this.#running.delete(step);
    const others = (this.#working.get(step.state) ?? 1) - 1;
    if (others > 0) this.#working.set(step.state, others);
    else this.#working.delete(step.state);
    this.#outcomes.set(step, outcome);
    if (outcome.state === 'done' || outcome.state === 'skipped') {
      this.#release(step);
      return [];
    }
    this.#blockFollowers(step);
    return outcome.state === 'failed' ? this.#stopMachine(step) : [];
  }

  /** Ends everything that has not started with this error. */
  cancel(error: unknown): void {
    for (const step of this.#rank.keys()) {
      if (!this.#running.has(step) && !this.#outcomes.has(step)) {
        this.#outcomes.set(step, { state: 'failed', error, isCancelled: true });
      }
    }
    this.#ready = [];
  }

  #release(step: Step): void {
    for (const follower of this.#after.get(step) ?? []) {
      const left = (this.#waitsFor.get(follower) ?? 1) - 1;
      this.#waitsFor.set(follower, left);
      if (left === 0 && !this.#outcomes.has(follower)) this.#makeReady(follower);
    }
  }

  #makeReady(step: Step): void {
    const rank = this.#rank.get(step) ?? 0;
    const index = this.#ready.findIndex((other) => (this.#rank.get(other) ?? 0) > rank);
    this.#ready.splice(index < 0 ? this.#ready.length : index, 0, step);
  }

  #block(step: Step, by: Step): void {
    if (this.#outcomes.has(step) || this.#running.has(step)) return;
    this.#outcomes.set(step, { state: 'blocked', by });
    this.#ready = this.#ready.filter((other) => other !== step);
    this.#blockFollowers(step);
  }

  #blockFollowers(step: Step): void {
    for (const follower of this.#after.get(step) ?? []) this.#block(follower, step);
  }

  /** A failure ends its machine's other steps, but for those that finish what others on the machine need. */
  #stopMachine(failed: Step): readonly Step[] {
    const own = [...this.#rank.keys()].filter(({ state }) => state === failed.state);
    const kept = new Set(
      own
        .filter((step) => step.phase.finishes === true && !this.#outcomes.has(step))
        .flatMap((step) => [step, ...this.#allBefore(step)]),
    );
    for (const step of own) if (!kept.has(step)) this.#block(step, failed);
    return own.filter((step) => this.#running.has(step) && !kept.has(step));
  }

  #allBefore(step: Step, found = new Set<Step>()): ReadonlySet<Step> {
    for (const other of this.#before.get(step) ?? []) {
      if (found.has(other)) continue;
      found.add(other);
      this.#allBefore(other, found);
    }
    return found;
  }
}
