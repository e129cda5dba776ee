import ipaddr from 'ipaddr.js';
import type { Cluster } from '../cluster.ts';
import type { Finding } from '../issue.ts';
import type { Rule } from './rule.ts';

/** Prefix length of the network that the controller manager cuts out of the pod network for each machine. */
const MACHINE_PREFIX = 24;
/** kube-controller-manager refuses a pod network more than 16 bits wider than a machine's share. */
const WIDEST_PODS = 8;
/** kube-apiserver refuses IPv4 service networks of more than 20 bits. */
const WIDEST_SERVICES = 12;
/** CoreDNS gets the 10th address, so 16 are the least. */
const NARROWEST_SERVICES = 28;

type Field = 'pods' | 'services';

/** The networks of pods and services are well-formed, big enough, apart from each other and from the machines. */
export const networks: Rule = (cluster) => [
  ...networkAddress(cluster, 'pods'),
  ...networkAddress(cluster, 'services'),
  ...podsSize(cluster),
  ...servicesSize(cluster),
  ...overlap(cluster),
  ...machinesInside(cluster),
];

function networkAddress({ network }: Cluster, field: Field): Finding[] {
  const written = network[field];
  const address = `${ipaddr.IPv4.networkAddressFromCIDR(written).toString()}/${prefixOf(written)}`;
  if (address === written) return [];
  return [
    { keys: ['network', field], message: `${written} is not the address of a network: write ${address}` },
  ];
}

function podsSize({ network: { pods }, masters, nodes }: Cluster): Finding[] {
  const keys = ['network', 'pods'];
  const prefix = prefixOf(pods);
  if (prefix < WIDEST_PODS) return [{ keys, message: `must not be wider than /${WIDEST_PODS}` }];
  const room = prefix > MACHINE_PREFIX ? 0 : 2 ** (MACHINE_PREFIX - prefix);
  const machines = masters.length + nodes.length;
  if (machines <= room) return [];
  const enough = MACHINE_PREFIX - Math.ceil(Math.log2(machines));
  return [
    {
      keys,
      message: `/${prefix} has room for ${room} machines (each takes a /${MACHINE_PREFIX}) and ${machines} are listed: use /${enough} or wider`,
    },
  ];
}

function servicesSize({ network: { services } }: Cluster): Finding[] {
  const prefix = prefixOf(services);
  if (prefix >= WIDEST_SERVICES && prefix <= NARROWEST_SERVICES) return [];
  return [
    {
      keys: ['network', 'services'],
      message: `/${prefix} does not work with Kubernetes: use /${WIDEST_SERVICES} to /${NARROWEST_SERVICES}`,
    },
  ];
}

function overlap({ network: { pods, services } }: Cluster): Finding[] {
  const [a, b] = [ipaddr.IPv4.parseCIDR(pods), ipaddr.IPv4.parseCIDR(services)];
  const shorter = Math.min(a[1], b[1]);
  if (!a[0].match(b[0], shorter)) return [];
  return [
    {
      keys: ['network', 'services'],
      message: `${services} overlaps network.pods (${pods}): choose networks that are apart`,
    },
  ];
}

function machinesInside({ network, masters, nodes }: Cluster): Finding[] {
  const lists = { masters, nodes };
  const fields: readonly Field[] = ['pods', 'services'];
  return (['masters', 'nodes'] as const).flatMap((list) =>
    lists[list].flatMap(({ address }, index) =>
      fields
        .filter((field) => address !== undefined && contains(network[field], address))
        .map((field) => ({
          keys: [list, index, 'address'],
          message: `${address} lies in network.${field} (${network[field]}): choose another network for ${field}`,
        })),
    ),
  );
}

function contains(network: string, address: string): boolean {
  return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(network));
}

function prefixOf(network: string): number {
  return ipaddr.IPv4.parseCIDR(network)[1];
}
