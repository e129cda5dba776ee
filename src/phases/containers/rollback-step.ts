import {
  type HealthLimit,
  type RollbackResult,
  rollbackSystemContainer,
} from '../../system-container/index.ts';
import type { Phase } from '../phase.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { has, whereInstalled } from './step.ts';

interface RollbackSettings extends HealthLimit {
  readonly name: string;
}

/** Switches back to the former deployment. */
export function rollbackStep({ name, healthTimeoutS }: RollbackSettings): Phase<RollbackResult> {
  return {
    id: 'rollback',
    title: `Roll ${name} back`,
    on: (state) => has(name, state),
    after: [],
    serial: oneAtATime(name),
    decide: whereInstalled(name),
    run: ({ host, signal }) => rollbackSystemContainer(host, name, { signal, healthTimeoutS }),
  };
}
