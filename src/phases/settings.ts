import type { Bundle } from '../bundle/open.ts';
import type { Cluster } from '../config/cluster.ts';
import type { ClusterSettings, MachineSettings } from '../kubeadm/config.ts';
import { endpointHost } from '../session/endpoint.ts';
import type { MachineState } from '../session/state.ts';

/** The API certificate is good for every master, for the machine itself and for the endpoint. */
function certSANs(cluster: Cluster, states: readonly MachineState[]): readonly string[] {
  const endpoint = endpointHost(cluster);
  const masters = cluster.masters.flatMap(({ name, address }) => [
    name,
    address ?? states.find(({ machine }) => machine.name === name)?.address,
  ]);
  const names = [endpoint, ...masters, 'localhost', '127.0.0.1'];
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** kboot.yaml in kubeadm's terms. */
export function clusterSettings(
  cluster: Cluster,
  bundle: Bundle,
  states: readonly MachineState[],
): ClusterSettings {
  return {
    name: cluster.name,
    kubernetes: bundle.lock.kubernetes,
    endpoint: cluster.endpoint,
    pods: cluster.network.pods,
    services: cluster.network.services,
    dnsDomain: cluster.network.dnsDomain,
    certSANs: certSANs(cluster, states),
    soleMaster: cluster.masters.length === 1,
    waitMs: cluster.waitMs,
  };
}

/** A machine in kubeadm's terms. */
export function machineSettings(
  { machine, address, facts }: MachineState,
  cluster: Cluster,
): MachineSettings {
  return {
    name: machine.name,
    address,
    cgroup: facts.cgroup,
    allowSwap: cluster.allowSwap && facts.swap.length > 0,
  };
}
