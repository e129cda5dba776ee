import { ADMIN_CONF, INITIALISED } from '../facts/paths.ts';
import { flannelManifest } from '../flannel/manifest.ts';
import { script } from '../host/command.ts';
import { NO_CACHE } from './kubectl.ts';
import { isFirstMaster, no, type Phase, yes } from './phase.ts';

const API_TIMEOUT_S = 300;

/**
 * Waits for the API without a process per try: admin.conf appears when kubeadm has written it, and the API
 * answers some seconds later. Then applies the manifest from stdin.
 */
const APPLY = `
umask 077
manifest=$(mktemp /run/kboot/flannel.XXXXXX)
trap 'rm -f "$manifest"' EXIT
cat > "$manifest"
end=$(($(date +%s) + $1))
until [ -e ${ADMIN_CONF} ] && kubectl --kubeconfig ${ADMIN_CONF} get --raw /readyz >/dev/null 2>&1; do
  [ "$(date +%s)" -lt "$end" ] || { echo "the API does not answer after $1 s" >&2; exit 1; }
  sleep 0.5
done
kubectl --kubeconfig ${ADMIN_CONF} ${NO_CACHE} apply --server-side --force-conflicts --field-manager=kboot -f "$manifest"
`;

/** flannel's manifest is applied as soon as the API answers, while kubeadm still works on the rest. */
export const flannel: Phase = {
  id: 'flannel',
  title: 'Apply the pod network',
  on: isFirstMaster,
  after: ['etcd-start', 'import-first'],
  decide: ({ facts }) =>
    facts.present.has(INITIALISED) && facts.present.has('/etc/cni/net.d/10-flannel.conflist')
      ? no('flannel runs')
      : yes('there is no pod network yet'),
  async run({ host, cluster, bundle, signal }) {
    const { pods, backend } = cluster.network;
    const stdin = flannelManifest(await bundle.readManifest('flannel'), {
      pods,
      backend,
      endpoint: cluster.endpoint,
    });
    const timeoutMs = (API_TIMEOUT_S + 60) * 1000;
    await host.change({ ...script(APPLY, String(API_TIMEOUT_S)), stdin, sudo: true, timeoutMs }, signal);
  },
};
