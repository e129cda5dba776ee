import { INITIALISED } from '../cluster/paths.ts';
import type { Cluster, Machine } from '../config/cluster.ts';
import type { Facts } from '../facts/facts.ts';
import { gatherFacts } from '../facts/gather.ts';
import { parseLedger } from '../facts/ledger.ts';
import type { Host } from '../host/host.ts';
import { leftTokens } from '../kubeadm/cluster-tokens.ts';
import type { Clock } from '../lib/clock.ts';
import { KbootError } from '../lib/errors.ts';
import { listSystemContainers } from '../system-container/index.ts';
import { endpointHost } from './endpoint.ts';
import type { MachineState } from './state.ts';

/** The address by which other machines reach it, when kboot.yaml does not say. */
function addressOf(machine: Machine, facts: Facts): string {
  const address = machine.address ?? facts.defaultSource ?? facts.sshAddress;
  if (address === undefined) {
    throw new KbootError(
      'CONFIG_INVALID',
      `${machine.name}: no address could be found out: it has no default route`,
      {
        host: machine.name,
        hint: `write the address by which the other machines reach it into kboot.yaml (address:)`,
      },
    );
  }
  return address;
}

export interface ObserveOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Asks a machine all that a plan may depend on, and changes nothing. Throws CONFIG_INVALID where no address of it can be
 * found out, STATE_INVALID where its answers or its ledger make no sense.
 */
export async function observe(
  machine: Machine,
  host: Host,
  { cluster, clock, signal }: ObserveOptions,
): Promise<MachineState> {
  const [facts, containers] = await Promise.all([
    gatherFacts(host, endpointHost(cluster), clock, signal),
    listSystemContainers(host, signal),
  ]);
  return {
    machine,
    facts,
    containers,
    address: addressOf(machine, facts),
    ledger: facts.ledger === undefined ? undefined : parseLedger(facts.ledger, machine.name),
    // Leftovers matter less than the run: an API that is down is reported by the phase that needs it.
    leftTokens: facts.present.has(INITIALISED) ? await leftTokens(host, signal).catch(() => []) : [],
  };
}
