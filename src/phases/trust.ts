import { hexOf } from '../bundle/select.ts';
import { CA_CERTIFICATE, CHECKOUT_ROOT, INITIALISED, JOINED, LAYER_STORE } from '../facts/paths.ts';
import { script } from '../host/command.ts';
import type { Host } from '../host/host.ts';
import { CLUSTER_INFO_PATH, caCertHash, verifyClusterInfo } from '../kubeadm/cluster-info.ts';
import { KbootError } from '../lib/errors.ts';
import { waitUntil } from '../lib/wait-until.ts';
import { unpackLayers } from '../system-container/index.ts';
import { BLOB_DIRS, readBundleImage } from './install-container.ts';
import { isNode, no, type Phase, type PhaseContext, yes } from './phase.ts';
import { requireImage } from './system-containers.ts';

const SIGNED_WITHIN_MS = 60_000;

/** Pins of the certificates in the master's CA file. Throws STATE_INVALID when it cannot be read. */
export async function caHashesOf(master: Host, signal: AbortSignal): Promise<readonly string[]> {
  const { stdout } = await master.query({ argv: ['cat', CA_CERTIFICATE], sudo: true }, signal);
  try {
    return (stdout.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(caCertHash);
  } catch (cause) {
    throw new KbootError('STATE_INVALID', `${master.name}: ${CA_CERTIFICATE} cannot be read`, {
      host: master.name,
      cause,
      hint: `look at it: openssl x509 -in ${CA_CERTIFICATE} -text`,
    });
  }
}

/**
 * Asks the endpoint as a machine that knows nothing would: without a kubeconfig, without trusting the server.
 * What comes back is believed only when its signature and its CA are right. Without any user kubectl would ask
 * for one on its terminal; the API knows no passwords and takes the request as anonymous. $1 endpoint, $2 path;
 * the rest are the folders of the unpacked layers, one of which has kubectl.
 */
const ASK = `
endpoint=$1 path=$2
shift 2
for layer in "$@"; do
  [ -x "$layer/usr/bin/kubectl" ] && break
done
HOME=/nonexistent KUBECONFIG= "$layer/usr/bin/kubectl" --server="https://$endpoint" \\
  --insecure-skip-tls-verify=true --username=anonymous --password=none --request-timeout=5s get --raw "$path"
`;

/** Lets a machine ask the endpoint who it is, until cluster-info is signed for this run's token, and checks it. */
async function verify({ host, cluster, bundle, shared, clock, signal }: PhaseContext): Promise<void> {
  const { token, caCertHashes } = shared.joinTrust.get();
  const endpoint = cluster.endpoint;
  const layers = requireImage(bundle, 'kubelet').layers.map(
    ({ digest }) => `${LAYER_STORE}/${hexOf(digest)}`,
  );
  await waitUntil(
    `a signature of cluster-info for the join token at ${endpoint}`,
    async () => {
      const ask = { ...script(ASK, endpoint, CLUSTER_INFO_PATH, ...layers), sudo: true };
      const { stdout } = await host.query(ask, signal);
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
}

/**
 * The joining machine itself asks the endpoint who it is, before anything is installed on it. kubectl is run
 * from the kubelet image's layers, which are unpacked into the layer store for it.
 */
export const trust: Phase = {
  id: 'trust',
  title: 'Verify the cluster',
  on: isNode,
  after: ['send-system', 'join-token'],
  decide: ({ facts }) =>
    facts.present.has(JOINED) ? no('it has joined already') : yes('it has not joined yet'),
  async run(context) {
    const { bundle, host, subject, shared, cacheDir, signal } = context;
    const image = await readBundleImage(bundle, requireImage(bundle, 'kubelet'), cacheDir);
    await unpackLayers(host, image.steps, { root: CHECKOUT_ROOT, blobDirs: BLOB_DIRS, signal });
    try {
      await verify(context);
    } catch (error) {
      shared.untrusting.add(subject.machine.name);
      throw error;
    }
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
  run: verify,
};
