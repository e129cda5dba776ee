import { ADMIN_CONF, INITIALISED, RUN_DIR } from '../facts/paths.ts';
import { flannelManifest } from '../flannel/manifest.ts';
import { script } from '../host/command.ts';
import { NO_CACHE } from './kubectl.ts';
import { whenReady } from './not-yet.ts';
import { isFirstMaster, no, type Phase, yes } from './phase.ts';

/**
 * Waits for the API without a process of kboot's per try: admin.conf appears when kubeadm has written it, and the
 * API answers some seconds later. $1 is the limit in s, on the clock that nobody sets.
 */
const WAIT_FOR_API = `
now() { cut -d. -f1 /proc/uptime; }
end=$(($(now) + $1))
until [ -e ${ADMIN_CONF} ] && kubectl --kubeconfig ${ADMIN_CONF} get --raw /readyz >/dev/null 2>&1; do
  [ "$(now)" -lt "$end" ] || { echo "the API does not answer after $1 s" >&2; exit 1; }
  sleep 0.5
done
`;

/** Applies the manifest from stdin. */
const APPLY = `
umask 077
manifest=$(mktemp ${RUN_DIR}/flannel.XXXXXX)
trap 'rm -f "$manifest"' EXIT
cat > "$manifest"
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
  async run(context) {
    const { host, cluster, bundle, signal, progress } = context;
    const { pods, backend } = cluster.network;
    const stdin = flannelManifest(await bundle.readManifest('flannel'), {
      pods,
      backend,
      endpoint: cluster.endpoint,
    });
    const seconds = Math.round(cluster.waitMs / 1000);
    progress({ text: 'waiting for the API' });
    const wait = { ...script(WAIT_FOR_API, String(seconds)), sudo: true };
    await host.query({ ...wait, timeoutMs: cluster.waitMs + 60_000 }, signal);
    // The API is ready before the administrators may do anything: kubeadm binds their group a moment later.
    await whenReady(context, { what: 'permission to apply the pod network', host: host.name }, () =>
      host.change({ ...script(APPLY), stdin, sudo: true, timeoutMs: cluster.waitMs }, signal),
    );
  },
};
