import assert from 'node:assert/strict';
import { env } from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { it } from 'vitest';
import type { PhaseContext } from '../../src/phases/phase.ts';
import { prerequisites, type Step } from '../../src/plan/plan.ts';
import { runPlan } from '../../src/plan/run.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { FakeHost } from '../helpers/fake-host.ts';
import { randomPlans } from '../helpers/random-plans.ts';

const RUNS = Number(env['KBOOT_TEST_RUNS'] ?? 2_000);

/** A run is over after so many turns of the event loop: 72 steps, one after the other, take three of them each. */
const LONGEST = 1_000;

/** And after so many when it is cancelled: every phase here listens at each of its turns. */
const LONGEST_END = 5;

/** What happens to the steps, in the order in which they start. */
const fates = fc.array(fc.record({ turns: fc.integer({ min: 0, max: 3 }), fails: fc.boolean() }), {
  minLength: 72,
  maxLength: 72,
});

it('a run ends: each step once and in its order, failures where there were some, soon after a cancellation', async () => {
  let act: (id: string, context: PhaseContext) => Promise<void> = async () => {};
  await fc.assert(
    fc.asyncProperty(
      randomPlans((id) => (context) => act(id, context)),
      fc.integer({ min: 1, max: 7 }),
      fates,
      fc.boolean(),
      fc.integer({ min: 0, max: 60 }),
      async (plan, limit, all, isGood, cancelAt) => {
        const stop = new AbortController();
        const before = prerequisites(plan);
        const started = new Set<Step>();
        const done = new Set<Step>();
        const broken = new Set<Step>();
        // What a phase throws is an outcome of the run: what is wrong is gathered here.
        const wrong: string[] = [];
        act = async (id, { state, signal }) => {
          const step = plan.steps.find((each) => each.phase.id === id && each.state === state);
          if (step === undefined || started.has(step)) wrong.push(`${id} was not planned, or run twice`);
          if (step === undefined) return;
          if (stop.signal.aborted) wrong.push(`${id} began after the cancellation`);
          if (!before.get(step)?.every((other) => done.has(other))) wrong.push(`${id} began too early`);
          const { turns, fails } = all[started.size % all.length] ?? { turns: 0, fails: false };
          started.add(step);
          for (let left = turns; left > 0; left -= 1) {
            await nextTurn();
            signal.throwIfAborted();
          }
          if (fails && !isGood) {
            broken.add(step);
            throw new Error('broken');
          }
          done.add(step);
        };
        let isOver = false;
        const run = runPlan(plan, {
          clock: new FakeClock(),
          report: () => {},
          signal: stop.signal,
          limit,
          contextOf: ({ state }) =>
            ({ state, host: new FakeHost('m', { 'df -Pk /var/lib': '' }) }) as unknown as PhaseContext,
        }).finally(() => {
          isOver = true;
        });
        for (let turn = 0; !isOver; turn += 1) {
          assert(turn < LONGEST, 'the run does not end');
          assert(turn <= cancelAt + LONGEST_END, 'a cancelled run goes on');
          if (turn === cancelAt) stop.abort(new Error('cancelled'));
          await nextTurn();
        }
        const { outcomes, failures } = await run;
        assert.deepEqual(wrong, []);
        for (const step of plan.steps) {
          const state = outcomes.get(step)?.state;
          assert.equal(state === 'done', done.has(step), `${step.phase.id} is ${state}`);
          // Of two that fail in the same turn on a machine the second counts as stopped by the first.
          if (broken.has(step))
            assert(state === 'failed' || state === 'blocked', `${step.phase.id} is ${state}`);
          if (!started.has(step)) assert(state === 'blocked' || (state === 'failed' && stop.signal.aborted));
        }
        const failed = [...outcomes.values()].filter(({ state }) => state === 'failed').length;
        assert.equal(failed > 0, broken.size > 0 || done.size < plan.steps.length);
        assert.equal(failures.length > 0, done.size < plan.steps.length);
      },
    ),
    { numRuns: RUNS },
  );
});
