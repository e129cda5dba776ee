import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ADMIN_CONF } from '../../cluster/paths.ts';
import { API_PORT } from '../../cluster/ports.ts';
import type { Cluster } from '../../config/cluster.ts';
import { formatEndpoint } from '../../config/endpoint.ts';
import type { Host } from '../../host/host.ts';
import { caHashesOf } from '../../kubeadm/ca.ts';
import { kubeconfigFrom } from '../../kubeadm/kubeconfig.ts';
import { writeFileAtomically } from '../../lib/write-file.ts';
import { endpointHost } from '../../session/endpoint.ts';
import type { MachineState } from '../../session/state.ts';

/** Where the administrator's kubeconfig of a cluster goes: beside its kboot.yaml. */
export const kubeconfigPath = (cluster: Pick<Cluster, 'file'>): string =>
  join(dirname(cluster.file), 'kubeconfig');

/** The endpoint where this machine can resolve it, the leader's address otherwise. */
async function reachable(cluster: Cluster, leader: MachineState): Promise<string> {
  try {
    await lookup(endpointHost(cluster));
    return cluster.endpoint;
  } catch {
    return formatEndpoint({ host: leader.address, port: API_PORT });
  }
}

/** Fetches the kubeconfig and writes it with mode 0600. Resolves with whether the file changed. */
export async function fetchKubeconfig(
  cluster: Cluster,
  leader: MachineState,
  host: Host,
  signal: AbortSignal,
): Promise<boolean> {
  const { stdout } = await host.query({ argv: ['cat', ADMIN_CONF], sudo: true, secretOutput: true }, signal);
  const server = await reachable(cluster, leader);
  const caCertHashes = await caHashesOf(host, signal);
  const text = kubeconfigFrom(stdout, { name: cluster.name, server, host: host.name, caCertHashes });
  const path = kubeconfigPath(cluster);
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before === text) return false;
  await writeFileAtomically(path, text, 0o600);
  return true;
}
