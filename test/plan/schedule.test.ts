import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Outcome } from '../../src/plan/outcome.ts';
import { makePlan, type Plan, prerequisites, type Step } from '../../src/plan/plan.ts';
import { Schedule } from '../../src/plan/schedule.ts';
import { BUNDLE, clusterStateOf, stateWith } from '../helpers/cluster-state.ts';
import { phaseWith, randomPlans } from '../helpers/random-plans.ts';

/** A made-up run: its plan, and what happens in it. */
interface Story {
  readonly plan: Plan;
  readonly limit: number;
  /** Which of the running steps ends next, and how. */
  readonly turns: readonly { readonly pick: number; readonly fails: boolean }[];
  /** After how many turns the run is cancelled; never when it is larger than there are steps. */
  readonly cancelAt: number;
}

const stories: fc.Arbitrary<Story> = fc
  .record({
    plan: randomPlans(),
    limit: fc.integer({ min: 1, max: 7 }),
    turns: fc.array(fc.record({ pick: fc.nat(), fails: fc.boolean() }), { minLength: 72, maxLength: 72 }),
    mostlyGood: fc.boolean(),
    cancelAt: fc.integer({ min: 0, max: 150 }),
  })
  .map(({ turns, mostlyGood, ...story }) => ({
    ...story,
    turns: mostlyGood ? turns.map((turn) => ({ ...turn, fails: false })) : turns,
  }));

/** Plays a story to its end and checks each rule on the way. */
function play({ plan, limit, turns, cancelAt }: Story): {
  readonly started: readonly Step[];
  readonly schedule: Schedule;
} {
  const schedule = new Schedule(plan, limit);
  const before = prerequisites(plan);
  const started: Step[] = [];
  const running: Step[] = [];
  const stopping = new Map<Step, Step>();
  const end = (step: Step, outcome: Outcome): void => {
    running.splice(running.indexOf(step), 1);
    for (const other of schedule.end(step, outcome)) if (!stopping.has(other)) stopping.set(other, step);
  };
  for (let turn = 0; ; turn += 1) {
    if (turn >= cancelAt) schedule.cancel(new Error('cancelled'));
    for (let step = schedule.take(); step !== undefined; step = schedule.take()) {
      assert(!started.includes(step), 'run twice');
      for (const other of before.get(step) ?? [])
        assert.equal(schedule.outcomes.get(other)?.state, 'done', 'run too early');
      started.push(step);
      running.push(step);
      assert(new Set(running.map(({ state }) => state)).size <= limit, 'too many machines');
      const same = running.filter((other) => other.phase.id === step.phase.id);
      assert(step.phase.serial !== true || same.length === 1, 'two at a time of a serial phase');
    }
    if (schedule.isOver) break;
    assert(running.length > 0, 'deadlock');
    const { pick, fails } = turns[turn % turns.length] ?? { pick: 0, fails: false };
    const step = running[pick % running.length];
    if (!step) throw new Error('nothing runs');
    const by = stopping.get(step);
    if (by) end(step, { state: 'blocked', by });
    else
      end(
        step,
        fails ? { state: 'failed', error: new Error('broken') } : { state: 'done', result: undefined },
      );
  }
  return { started, schedule };
}

it('brings every plan to its end: no step lost or run twice, none before its time, never more machines than allowed', () => {
  fc.assert(
    fc.property(stories, (story) => {
      const { started, schedule } = play(story);
      for (const step of story.plan.steps) {
        const outcome = schedule.outcomes.get(step);
        assert(outcome !== undefined, 'lost');
        if (outcome.state === 'done') assert(started.includes(step));
        // A blocked step has a failure to blame, in the end one that really happened.
        if (outcome.state === 'blocked') assert.notEqual(schedule.outcomes.get(outcome.by)?.state, 'done');
      }
      expect(schedule.outcomes.size).toBe(story.plan.steps.length);
    }),
    { numRuns: 10_000 },
  );
});

it('runs everything where nothing fails', () => {
  fc.assert(
    fc.property(stories, ({ plan, limit, turns }) => {
      const good = turns.map((turn) => ({ ...turn, fails: false }));
      const { started } = play({ plan, limit, turns: good, cancelAt: Number.POSITIVE_INFINITY });
      expect(started.length).toBe(plan.steps.length);
    }),
    { numRuns: 1_000 },
  );
});

it('refuses a recipe whose phases wait for each other in a circle', () => {
  const clusterState = clusterStateOf(stateWith('m', 'master'));
  const a = phaseWith('a', []);
  const b = phaseWith('b', [a]);
  const plan = makePlan([{ ...a, after: [b] }, b], clusterState, BUNDLE);
  expect(() => new Schedule(plan, 1)).toThrow(/waits for itself/);
});
