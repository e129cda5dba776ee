import fc from 'fast-check';
import { type Phase, yes } from '../../src/phases/phase.ts';
import { makePlan, type Plan } from '../../src/plan/plan.ts';
import { BUNDLE, clusterStateOf, stateWith } from './cluster-state.ts';

/** A phase that does nothing, on every machine. */
export const phaseWith = (id: string, after: readonly Phase[], more: Partial<Phase> = {}): Phase => ({
  id,
  title: id,
  after,
  on: () => true,
  decide: () => yes('test'),
  run: () => Promise.resolve(),
  ...more,
});

/**
 * Plans of up to 12 phases on up to 6 machines. Phases wait for others in any way that makes no circle, stand in any
 * order, run on some of the machines, and some are serial or finish what others need. `runOf` gives each what it does.
 */
export const randomPlans = (runOf?: (id: string) => Phase['run']): fc.Arbitrary<Plan> =>
  fc
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
    })
    .map(({ machines, phases, shuffle }) => {
      const names = Array.from({ length: machines }, (_, index) => `m${index}`);
      const clusterState = clusterStateOf(
        stateWith('m0', 'master'),
        ...names.slice(1).map((name) => stateWith(name, 'node')),
      );
      const recipe: Phase[] = [];
      for (const [index, { after, on, finishes, serial }] of phases.entries()) {
        const before = [...new Set(after)].flatMap((other) => recipe[other] ?? []);
        const isOn: Phase['on'] = ({ machine }) => ((on >> names.indexOf(machine.name)) & 1) === 1;
        const id = `p${index}`;
        const run = runOf && { run: runOf(id) };
        recipe.push(phaseWith(id, before, { finishes, serial, on: isOn, ...run }));
      }
      const mixed = recipe
        .map((each, index) => ({ each, key: shuffle[index] ?? 0 }))
        .sort((a, b) => a.key - b.key)
        .map(({ each }) => each);
      return makePlan(mixed, clusterState, BUNDLE);
    });
