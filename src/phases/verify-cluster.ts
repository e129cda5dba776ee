import { hexOf } from '../bundle/select.ts';
import { LAYER_STORE } from '../cluster/paths.ts';
import type { Host } from '../host/host.ts';
import { remoteScript } from '../host/remote-script.ts';
import { CLUSTER_INFO_PATH, verifyClusterInfo } from '../kubeadm/cluster-info.ts';
import { waitUntil } from '../lib/wait-until.ts';
import type { JoinTrust } from './join-trust.ts';
import { explainSigner, kubectl } from './kubectl.ts';
import { isNotYet, WAIT_HINT } from './not-yet.ts';
import type { PhaseContext } from './phase.ts';
import { requireImage } from './system-containers.ts';

/** Whether the API answers on the master: what a machine does not reach then is not slow, but out of its reach. */
const answersAtHome = (leader: Host, signal: AbortSignal): Promise<boolean> =>
  leader.query({ ...kubectl('get', '--raw', '/readyz'), timeoutMs: 60_000 }, signal).then(
    () => true,
    () => false,
  );

/** What a machine gets from the endpoint; undefined while the API is away for everybody. */
async function askEndpoint({
  host,
  leader,
  cluster,
  bundle,
  signal,
}: PhaseContext): Promise<string | undefined> {
  const layers = requireImage(bundle, 'kubelet').layers.map(
    ({ digest }) => `${LAYER_STORE}/${hexOf(digest)}`,
  );
  const ask = {
    ...remoteScript('phases/ask-endpoint', cluster.endpoint, CLUSTER_INFO_PATH, ...layers),
    sudo: true,
  };
  try {
    return (await host.query(ask, signal)).stdout;
  } catch (error) {
    if (!isNotYet(error)) throw error;
    if (!(await answersAtHome(leader, signal))) return undefined;
    return (await host.query(ask, signal)).stdout;
  }
}

/** Lets a machine ask the endpoint who it is, until cluster-info is signed for this run's token, and checks it. */
export async function verifyCluster(
  context: PhaseContext,
  { token, caCertHashes }: JoinTrust,
): Promise<void> {
  const { host, leader, cluster, clock, signal } = context;
  const { endpoint } = cluster;
  const what = `a signature of cluster-info for the join token at ${endpoint}`;
  context.progress({ text: `waiting for ${what}` });
  await waitUntil(
    what,
    async () => {
      const text = await askEndpoint(context);
      if (text === undefined) return undefined;
      const check = { host: host.name, endpoint, text, token: await token(signal), caCertHashes };
      return (await verifyClusterInfo(check)) || undefined;
    },
    {
      ...{ clock, timeoutMs: cluster.waitMs, everyMs: 300, signal, host: host.name, hint: WAIT_HINT },
      why: () => explainSigner(leader, signal),
    },
  );
}
