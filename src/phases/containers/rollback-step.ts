import {
  type HealthLimit,
  type RollbackResult,
  rollbackSystemContainer,
} from '../../system-container/index.ts';
import type { Phase } from '../phase.ts';
import { has, type Results, whereInstalled } from './step.ts';

interface RollbackSettings extends HealthLimit {
  readonly name: string;
}

/** Switches back to the former deployment. */
export function rollbackStep(
  { name, healthTimeoutS }: RollbackSettings,
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
