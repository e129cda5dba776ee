import type { MachineState } from '../../session/state.ts';
import { type Decision, no, yes } from '../phase.ts';

/** Reset has something to do where kboot left a ledger or a container. */
export function wasChanged({ ledger, containers }: MachineState): Decision {
  return ledger || containers.length > 0 ? yes('kboot set it up') : no('kboot has not changed this machine');
}

/**
 * What the cluster did to the machine stands in the ledger. A container that somebody installed by itself tells nothing
 * of it: folders and programs which look like a cluster's are somebody else's then.
 */
export function wasInCluster({ ledger }: MachineState): Decision {
  return ledger ? yes('kboot set it up') : no('it is not part of a cluster of kboot');
}
