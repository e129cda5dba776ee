import { type RollbackResult, rollbackSystemContainer } from '../../system-container/index.ts';
import type { Phase } from '../phase.ts';
import { has, type Results, whereInstalled } from './step.ts';

/** Switches back to the former deployment, which has `healthTimeoutS` to become healthy where that is given. */
export function rollbackStep(
  name: string,
  healthTimeoutS: number | undefined,
  results: Results<RollbackResult>,
): Phase {
  return {
    id: 'rollback',
    title: `Roll ${name} back`,
    on: (subject) => has(name, subject),
    after: [],
    decide: whereInstalled(name),
    async run({ host, subject, signal }) {
      results.set(subject, await rollbackSystemContainer(host, name, { signal, healthTimeoutS }));
    },
  };
}
