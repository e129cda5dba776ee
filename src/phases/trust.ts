import { CA_CERTIFICATE, INITIALISED, JOINED } from '../facts/paths.ts';
import { script } from '../host/command.ts';
import type { Host } from '../host/host.ts';
import { CLUSTER_INFO_PATH, caCertHash, verifyClusterInfo } from '../kubeadm/cluster-info.ts';
import { waitUntil } from '../lib/wait-until.ts';
import { isNode, no, type Phase, yes } from './phase.ts';

const SIGNED_WITHIN_MS = 60_000;

/** Pins of the certificates in the master's CA file. */
export async function caHashesOf(master: Host, signal: AbortSignal): Promise<readonly string[]> {
  const { stdout } = await master.query({ argv: ['cat', CA_CERTIFICATE], sudo: true }, signal);
  return (stdout.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(caCertHash);
}

/**
 * Asks the endpoint as a machine that knows nothing would: without a kubeconfig, without trusting the server.
 * What comes back is believed only when its signature and its CA are right. Without any user kubectl would ask
 * for one on its terminal; the API knows no passwords and takes the request as anonymous.
 */
const ASK = `
HOME=/nonexistent KUBECONFIG= kubectl --server="https://$1" --insecure-skip-tls-verify=true \\
  --username=anonymous --password=none --request-timeout=5s get --raw "$2"
`;

/** The joining machine itself asks the endpoint who it is, before it is joined to anything. */
export const trust: Phase = {
  id: 'trust',
  title: 'Verify the cluster',
  on: isNode,
  after: ['kubelet', 'join-token'],
  decide: ({ facts }) =>
    facts.present.has(JOINED) ? no('it has joined already') : yes('it has not joined yet'),
  check: true,
  async run({ host, cluster, shared, clock, signal }) {
    const { token, caCertHashes } = shared.joinTrust.get();
    const endpoint = cluster.endpoint;
    await waitUntil(
      `a signature of cluster-info for the join token at ${endpoint}`,
      async () => {
        const { stdout } = await host.query(script(ASK, endpoint, CLUSTER_INFO_PATH), signal);
        const signed = await verifyClusterInfo({
          host: host.name,
          endpoint,
          text: stdout,
          token,
          caCertHashes,
        });
        return signed || undefined;
      },
      { clock, timeoutMs: SIGNED_WITHIN_MS, everyMs: 300, signal, host: host.name },
    );
  },
};

/** The same check from the first master, right after kubeadm init. */
export const verifyToken: Phase = {
  id: 'verify-token',
  title: 'Verify the join token',
  on: (subject, { master }) => subject === master,
  after: ['kubeadm-init'],
  decide: ({ facts }) =>
    facts.present.has(INITIALISED) ? no('the control plane was initialised') : yes('kubeadm init makes one'),
  check: true,
  run: trust.run,
};
