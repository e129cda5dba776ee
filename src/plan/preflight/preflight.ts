import type { Bundle } from '../../bundle/open.ts';
import { KbootError } from '../../lib/errors.ts';
import type { Situation } from '../../phases/phase.ts';
import { MACHINE_CHECKS } from './machine.ts';
import { NETWORK_CHECKS } from './network.ts';
import type { Problem } from './problem.ts';
import { disk } from './space.ts';

const CHECKS = [...MACHINE_CHECKS, disk, ...NETWORK_CHECKS];

/** Every problem of every machine, in the order of the machines. */
export function preflight(situation: Situation, bundle: Bundle): readonly Problem[] {
  return situation.subjects.flatMap((subject) =>
    CHECKS.flatMap((check) => check(subject, situation, bundle)).map((problem) => ({
      ...problem,
      host: subject.machine.name,
    })),
  );
}

/** Throws PREFLIGHT_FAILED with all errors and their remedies; resolves with nothing when there is none. */
export function refuseErrors(problems: readonly Problem[]): void {
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  const lines = errors.map(({ host, what, remedy }) => `${host}: ${what}\n    ${remedy}`);
  throw new KbootError(
    'PREFLIGHT_FAILED',
    `nothing was changed: ${errors.length} problems\n  ${lines.join('\n  ')}`,
  );
}
