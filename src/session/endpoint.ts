import ipaddr from 'ipaddr.js';
import { INITIALISED } from '../cluster/paths.ts';
import { API_PORT } from '../cluster/ports.ts';
import type { Cluster, Machine } from '../config/cluster.ts';
import { endpointParts, formatEndpoint } from '../config/endpoint.ts';
import type { Host } from '../host/host.ts';
import { remoteScript } from '../host/remote-script.ts';
import { fanOut } from '../lib/fan-out.ts';
import type { MachineState } from './state.ts';

/** What one machine makes of the endpoint's name. */
export interface Resolution {
  readonly machine: string;
  /** IPv4 address; undefined: it does not know the name. */
  readonly address: string | undefined;
}

/** The name or the address of a cluster's endpoint, without its port. */
export const endpointHost = ({ endpoint }: Pick<Cluster, 'endpoint'>): string => endpointParts(endpoint).host;

const isLoopback = (address: string): boolean => ipaddr.parse(address).range() === 'loopback';

/**
 * The endpoint of this cluster: what kboot.yaml says; else the one that the cluster was made with; else the first
 * master's name, where machines were asked and every one of them, the master included, knows that machine by it;
 * else its address. A name that only the operator's ssh config knows, or only the master itself, is of no use.
 */
export function chooseEndpoint(
  cluster: Cluster,
  leader: MachineState,
  others: readonly Resolution[],
): string {
  if (!cluster.endpointIsDefault) return cluster.endpoint;
  const { apiServer, addresses, endpointAddress } = leader.facts;
  if (apiServer !== undefined) return apiServer;
  const own = [leader.address, ...addresses.map(({ address }) => address)];
  const isOwn = (address: string | undefined) => address !== undefined && own.includes(address);
  const knowsItself =
    isOwn(endpointAddress) || (endpointAddress !== undefined && isLoopback(endpointAddress));
  return knowsItself && others.length > 0 && others.every(({ address }) => isOwn(address))
    ? cluster.endpoint
    : formatEndpoint({ host: leader.address, port: API_PORT });
}

/** Whether other machines must be asked before the cluster is made: it has no endpoint yet, and it would be a name. */
export function isEndpointOpen(cluster: Cluster, { facts }: MachineState): boolean {
  return (
    !facts.present.has(INITIALISED) &&
    !ipaddr.isValid(endpointHost(cluster)) &&
    (facts.apiServer === undefined || !cluster.endpointIsDefault) &&
    facts.endpointAddress !== undefined
  );
}

/** Asks machines, without their locks, what they make of the endpoint's name. Those out of reach are left out. */
export async function askForEndpoint(
  cluster: Cluster,
  machines: readonly Machine[],
  {
    connect,
    limit,
    signal,
  }: { connect: (machine: Machine) => Promise<Host>; limit: number; signal: AbortSignal },
): Promise<readonly Resolution[]> {
  const outcomes = await fanOut(machines, limit, async (machine): Promise<Resolution> => {
    await using host = await connect(machine);
    const { stdout } = await host.query(remoteScript('session/resolve', endpointHost(cluster)), signal);
    const address = stdout.trim();
    return { machine: machine.name, address: ipaddr.IPv4.isValid(address) ? address : undefined };
  });
  signal.throwIfAborted();
  return outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
}
