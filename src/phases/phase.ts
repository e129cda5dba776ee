import type { Bundle } from '../bundle/open.ts';
import type { Cluster } from '../config/cluster.ts';
import type { Host } from '../host/host.ts';
import type { Clock } from '../lib/clock.ts';
import type { ClusterState, MachineState } from '../session/state.ts';

/** Whether a phase has something to do, and why. */
export interface Decision {
  readonly run: boolean;
  readonly because: string;
}

/** What a phase works with. */
export interface PhaseContext {
  readonly cluster: Cluster;
  readonly bundle: Bundle;
  readonly state: MachineState;
  readonly host: Host;
  readonly clusterState: ClusterState;
  /** The connection to the leader: see ClusterState. */
  readonly leader: Host;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Folder for what can be made again: layer scans, bundles. */
  readonly cacheDir: string;
  /**
   * What an earlier phase made: on this machine, or on the only one that it ran on. Throws where it was not done: a
   * mistake in a recipe.
   */
  resultOf<Result>(phase: Phase<Result>): Result;
  /** Whether an earlier phase failed on this machine; one that was cancelled did not. */
  hasFailed(phase: Phase): boolean;
  progress(update: { text?: string; done?: number; total?: number }): void;
  warn(text: string): void;
}

/** One step of a recipe. Its result is there for later phases, and for the verb. */
export interface Phase<Result = unknown> {
  readonly id: string;
  readonly title: string;
  /** The machines it runs on. */
  on(state: MachineState, clusterState: ClusterState): boolean;
  /**
   * Phases that must be over first, where the recipe has them: those of the same machine, or of every machine that has
   * them when this one does not. Phases that do not wait for each other run at the same time.
   */
  readonly after: readonly Phase[];
  /** One machine after the other, in the order of the plan, up to the first that fails. In parallel otherwise. */
  readonly serial?: boolean;
  /**
   * Finishes what others on the machine may need already (images of pods that run): it and what it waits for go on
   * after another phase of the machine failed, unless they wait for that one.
   */
  readonly finishes?: boolean;
  /** Only looks: it does not count as a change. */
  readonly check?: boolean;
  /** Runs at the end whatever happened before, also after Ctrl-C: it cleans up. */
  readonly always?: boolean;
  /** Pure: `--dry-run` and the run share it. */
  decide(state: MachineState, clusterState: ClusterState, bundle: Bundle): Decision;
  run(context: PhaseContext): Promise<Result>;
}

export const isLeader = (state: MachineState, { leader }: ClusterState): boolean => state === leader;
export const isMaster = (state: MachineState): boolean => state.machine.role === 'master';
export const isNode = (state: MachineState): boolean => state.machine.role === 'node';
export const everywhere = (): boolean => true;

export const yes = (because: string): Decision => ({ run: true, because });
export const no = (because: string): Decision => ({ run: false, because });
