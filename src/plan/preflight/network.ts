import ipaddr from 'ipaddr.js';
import { COMPONENTS } from '../../cluster/components.ts';
import {
  API_PORT,
  ETCD_CLIENT_PORT,
  ETCD_PEER_PORT,
  KUBELET_PORT,
  portsOf,
  VXLAN_PORT,
} from '../../cluster/ports.ts';
import type { Cluster } from '../../config/cluster.ts';
import { endpointHost, type Resolution } from '../../session/endpoint.ts';
import { type Check, error, type Problem, warning } from './problem.ts';

/** Links of a cluster that runs already: their networks are the cluster's own. */
const OWN_LINKS = /^(cni0|flannel\.\d+|veth.*)$/;

function overlap(a: string, b: string): boolean {
  const [first, firstBits] = ipaddr.parseCIDR(a);
  const [second, secondBits] = ipaddr.parseCIDR(b);
  if (first.kind() !== second.kind()) return false;
  return first.match(second, Math.min(firstBits, secondBits));
}

/** The cluster's networks must not hide addresses which the machine talks to. */
export const overlaps: Check = ({ facts }, { cluster }) => {
  const networks = { pods: cluster.network.pods, services: cluster.network.services };
  return facts.routes
    .filter(({ link }) => !OWN_LINKS.test(link))
    .flatMap(({ destination, link }) =>
      Object.entries(networks)
        .filter(([, network]) => overlap(network, destination))
        .map(([name, network]) =>
          error(
            `network.${name} ${network} overlaps its own route ${destination} (${link})`,
            `choose another network.${name} in kboot.yaml`,
          ),
        ),
    );
};

export const ports: Check = ({ facts, machine, ledger }) => {
  if (ledger) return [];
  return portsOf(machine.role).flatMap((port) => {
    const taken = facts.listeners.find((listener) => listener.port === port);
    if (!taken) return [];
    const by = taken.program === '' ? 'something' : taken.program;
    return [error(`${by} listens on port ${port}`, `stop it: the cluster needs port ${port}`)];
  });
};

/** The endpoint is in every certificate and kubeconfig: it must mean something on every machine. */
export const endpoint: Check = (state, { cluster, leader }) => {
  const host = endpointHost(cluster);
  const { apiServer } = leader.facts;
  const moved = state === leader && apiServer !== undefined && apiServer !== cluster.endpoint;
  // Machines were asked for the name of kboot.yaml; one that only the cluster says is verified by those that join.
  const asked = cluster.endpointIsDefault ? cluster.masters[0]?.name : host;
  const isKnown = ipaddr.isValid(host) || host !== asked || state.facts.endpointAddress !== undefined;
  return [
    ...(isKnown ? [] : [unresolved(host, apiServer)]),
    ...(moved
      ? [
          warning(
            `the endpoint is ${cluster.endpoint} in kboot.yaml, and ${apiServer} in the cluster`,
            'docs/cluster-care.md says how a cluster gets another endpoint',
          ),
        ]
      : []),
  ];
};

const unresolved = (host: string, apiServer: string | undefined) =>
  error(
    `it cannot resolve the endpoint ${host}`,
    apiServer === undefined
      ? `add the name to DNS or to /etc/hosts of every machine, or set endpoint: ADDRESS:${API_PORT} in kboot.yaml`
      : 'add the name to DNS or to its /etc/hosts, or give the cluster another endpoint (docs/cluster-care.md)',
  );

/** The same of machines that will join later: after init it is too late for another endpoint. */
export function laterMachines(cluster: Cluster, resolutions: readonly Resolution[]): readonly Problem[] {
  const host = endpointHost(cluster);
  if (ipaddr.isValid(host)) return [];
  return resolutions
    .filter(({ address }) => address === undefined)
    .map(({ machine }) => ({ ...unresolved(host, undefined), host: machine }));
}

/** An address written in kboot.yaml must be the machine's own. */
export const address: Check = (state) => {
  const written = state.machine.address;
  const own = state.facts.addresses.map((entry) => entry.address);
  return written === undefined || own.includes(written)
    ? []
    : [
        error(
          `it does not have the address ${written}`,
          `its addresses are ${own.join(', ')}: correct kboot.yaml`,
        ),
      ];
};

/** Starting containerd's unit would do nothing while another containerd runs under this name. */
export const otherRuntime: Check = ({ facts, ledger, containers }) =>
  facts.active.has(COMPONENTS['node-runtime'].unit) &&
  ledger === undefined &&
  !containers.some(({ name }) => name === 'node-runtime')
    ? [
        error(
          'a containerd runs on it that is not from kboot',
          'switch it off: systemctl disable --now docker.socket docker containerd; where it is a system extension (Flatcar), mask that: ln -s /dev/null /etc/extensions/containerd-flatcar.raw (docker-flatcar.raw too), and reboot',
        ),
      ]
    : [];

export const neighbours: Check = ({ facts }) => [
  ...['docker', 'crio', 'k3s', 'k0scontroller', 'rke2-server']
    .filter((name) => facts.active.has(`${name}.service`))
    .map((name) =>
      warning(
        `${name} runs on it`,
        'it can go on, but shares ports, iptables and CNI folders with the cluster',
      ),
    ),
  ...(facts.active.has('firewalld.service')
    ? [
        warning(
          'firewalld runs on it',
          `open ${API_PORT}, ${ETCD_CLIENT_PORT}-${ETCD_PEER_PORT}, ${KUBELET_PORT}/tcp and ${VXLAN_PORT}/udp between the machines, or stop it`,
        ),
      ]
    : []),
];

export const NETWORK_CHECKS = [overlaps, ports, endpoint, address, otherRuntime, neighbours];
