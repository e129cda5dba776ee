import type { Cluster, Machine } from '../config/cluster.ts';
import type { Facts } from '../facts/facts.ts';
import type { Ledger } from '../facts/ledger.ts';
import type { ListedContainer } from '../system-container/index.ts';

/** A machine as this run found it. */
export interface MachineState {
  readonly machine: Machine;
  /** By which the other machines reach it: written in kboot.yaml or found out from its routes. */
  readonly address: string;
  readonly facts: Facts;
  /** undefined: kboot never changed the machine. */
  readonly ledger: Ledger | undefined;
  readonly containers: readonly ListedContainer[];
  /** On a master whose API answers: ids of the tokens that earlier runs of kboot left. */
  readonly leftTokens: readonly string[];
}

/** Everything a decision may look at. */
export interface ClusterState {
  readonly cluster: Cluster;
  readonly states: readonly MachineState[];
  /** The masters among them, in the order of kboot.yaml. */
  readonly masters: readonly MachineState[];
  /**
   * The machine that is asked about the whole cluster, and on which happens what happens once: the first of the masters;
   * where a run has none, any machine stands for it.
   */
  readonly leader: MachineState;
}
