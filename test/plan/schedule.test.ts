import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Phase, yes } from '../../src/phases/phase.ts';
import type { Outcome } from '../../src/plan/outcome.ts';
import { makePlan, type Plan, prerequisites, type Step } from '../../src/plan/plan.ts';
import { Schedule } from '../../src/plan/schedule.ts';
import { BUNDLE, clusterStateOf, stateWith } from '../helpers/cluster-state.ts';

const phase = (id: string, after: readonly Phase[], more: Partial<Phase> = {}): Phase => ({
  id,
  title: id,
  after,
  on: () => true,
  decide: () => yes('test'),
  run: () => Promise.resolve(),
  ...more,
});

/** A made-up run: its plan, and what happens in it. */
interface Story {
  readonly plan: Plan;
  readonly limit: number;
  /** Which of the running steps ends next, and how. */
  readonly turns: readonly { readonly pick: number; readonly fails: boolean }[];
  /** After how many turns the run is cancelled; never when it is larger than there are steps. */
  readonly cancelAt: number;
}

/** Recipes whose phases wait for earlier ones only, in any order, on any of the machines. */
const stories: fc.Arbitrary<Story> = fc
  .record({
    machines: fc.integer({ min: 1, max: 6 }),
    phases: fc.array(
      fc.record({
        after: fc.array(fc.nat(11), { maxLength: 3 }),
        on: fc.integer({ min: 1, max: 63 }),
        finishes: fc.boolean(),
        serial: fc.boolean(),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    shuffle: fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
    limit: fc.integer({ min: 1, max: 7 }),
    turns: fc.array(fc.record({ pick: fc.nat(), fails: fc.boolean() }), { minLength: 72, maxLength: 72 }),
    mostlyGood: fc.boolean(),
    cancelAt: fc.integer({ min: 0, max: 150 }),
  })
  .map(({ machines, phases, shuffle, limit, turns, mostlyGood, cancelAt }) => {
    const names = Array.from({ length: machines }, (_, index) => `m${index}`);
    const clusterState = clusterStateOf(
      stateWith('m0', 'master'),
      ...names.slice(1).map((name) => stateWith(name, 'node')),
    );
    const recipe: Phase[] = [];
    for (const [index, { after, on, finishes, serial }] of phases.entries()) {
      const before = [...new Set(after)].flatMap((other) => recipe[other] ?? []);
      const isOn: Phase['on'] = ({ machine }) => ((on >> names.indexOf(machine.name)) & 1) === 1;
      recipe.push(phase(`p${index}`, before, { finishes, serial, on: isOn }));
    }
    const mixed = recipe
      .map((each, index) => ({ each, key: shuffle[index] ?? 0 }))
      .sort((a, b) => a.key - b.key)
      .map(({ each }) => each);
    return {
      plan: makePlan(mixed, clusterState, BUNDLE),
      limit,
      turns: mostlyGood ? turns.map((turn) => ({ ...turn, fails: false })) : turns,
      cancelAt,
    };
  });

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
    { numRuns: 3_000 },
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
  const a = phase('a', []);
  const b = phase('b', [a]);
  const plan = makePlan([{ ...a, after: [b] }, b], clusterState, BUNDLE);
  expect(() => new Schedule(plan, 1)).toThrow(/waits for itself/);
});
