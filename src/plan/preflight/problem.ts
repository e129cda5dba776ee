import type { Bundle } from '../../bundle/open.ts';
import type { ClusterState, MachineState } from '../../session/state.ts';

/** Something that would make a run fail later, with what to do about it. */
export interface Problem {
  /** An error stops the run before anything is changed; a warning is told. */
  readonly severity: 'error' | 'warning';
  readonly host: string;
  readonly what: string;
  readonly remedy: string;
}

/** One check of one machine. Pure: it looks at facts only. */
export type Check = (
  state: MachineState,
  clusterState: ClusterState,
  bundle: Bundle,
) => readonly Omit<Problem, 'host'>[];

export const error = (what: string, remedy: string) => ({ severity: 'error', what, remedy }) as const;
export const warning = (what: string, remedy: string) => ({ severity: 'warning', what, remedy }) as const;
