import { changesOf, type Plan } from '../../plan/plan.ts';

/** A plan as text: every step of every machine, what it will do and why. */
export function renderPlan(plan: Plan): string {
  const machines = [...new Set(plan.steps.map(({ state }) => state))];
  const blocks = machines.map((machine) => {
    const lines = plan.steps
      .filter(({ state }) => state === machine)
      .map(({ phase, decision }) => `  ${decision.run ? '+' : ' '} ${phase.title}: ${decision.because}`);
    return [`${machine.machine.name} (${machine.machine.role}, ${machine.address})`, ...lines].join('\n');
  });
  const count = changesOf(plan).length;
  return `${blocks.join('\n')}\n${count === 0 ? 'no changes' : `${count} steps would change something`}\n`;
}
