import { type Decision, no, type Subject, yes } from '../phase.ts';

/** Reset has something to do where kboot left a ledger or a container. */
export function wasChanged({ ledger, containers }: Subject): Decision {
  return ledger || containers.length > 0 ? yes('kboot set it up') : no('kboot has not changed this machine');
}
