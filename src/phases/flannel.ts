import { ADMIN_CONF, INITIALISED, RUN_DIR } from '../cluster/paths.ts';
import { flannelManifest } from '../flannel/manifest.ts';
import { script } from '../host/command.ts';
import { CommandError } from '../host/command-error.ts';
import { KbootError } from '../lib/errors.ts';
import { etcdStart } from './etcd.ts';
import { importFirst } from './import.ts';
import { NO_CACHE } from './kubectl.ts';
import { WAIT_HINT, whenReady } from './not-yet.ts';
import { isLeader, no, type Phase, type PhaseContext, yes } from './phase.ts';
import { kubeadmTimeoutMs, kubeadmUnit } from './run-kubeadm.ts';

/**
 * Its checks of etcd give up after 2 s, which a slow machine needs now and then; whether etcd can be written to shows
 * when the manifest is applied.
 */
const READY = '/readyz?exclude=etcd&exclude=etcd-readiness';

/** The exit code of WAIT_FOR_API when it waited in vain. */
const IN_VAIN = 75;

/**
 * Waits for the API without a process of kboot's per try: admin.conf appears when kubeadm has written it, and the
 * API answers some seconds later. $1 is the limit in s, on the clock that nobody sets, and $2 the unit that kubeadm
 * runs in: while it does, it is the one that knows when to give up.
 */
const WAIT_FOR_API = `
now() { cut -d. -f1 /proc/uptime; }
end=$(($(now) + $1))
until [ -e ${ADMIN_CONF} ] && answer=$(kubectl --kubeconfig ${ADMIN_CONF} get --raw '${READY}' 2>&1); do
  if systemctl is-active --quiet "$2"; then end=$(($(now) + $1)); fi
  [ "$(now)" -lt "$end" ] || { echo "$answer" >&2; exit ${IN_VAIN}; }
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
  on: isLeader,
  after: [etcdStart, importFirst],
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
    progress({ text: 'waiting for the API' });
    await waitForApi(context);
    // The API is ready before the administrators may do anything: kubeadm binds their group a moment later.
    await whenReady(context, { what: 'permission to apply the pod network', host: host.name }, () =>
      host.change({ ...script(APPLY), stdin, sudo: true, timeoutMs: cluster.waitMs }, signal),
    );
  },
};

async function waitForApi({ host, cluster: { waitMs }, signal }: PhaseContext): Promise<void> {
  const seconds = Math.round(waitMs / 1000);
  const wait = { ...script(WAIT_FOR_API, String(seconds), kubeadmUnit('init')), sudo: true };
  try {
    await host.query({ ...wait, timeoutMs: kubeadmTimeoutMs(waitMs) + waitMs + 60_000 }, signal);
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode !== IN_VAIN) throw error;
    throw new KbootError(
      'TIMED_OUT',
      `${host.name}: the API: not there after ${seconds} s: ${error.stderr.trim()}`,
      { cause: error, host: host.name, hint: WAIT_HINT },
    );
  }
}
