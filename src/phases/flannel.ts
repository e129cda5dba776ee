import { ADMIN_CONF, INITIALISED, RUN_DIR } from '../cluster/paths.ts';
import { flannelManifest } from '../flannel/manifest.ts';
import { CommandError } from '../host/command-error.ts';
import { remoteScript } from '../host/remote-script.ts';
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

/** Exit status of wait-for-api.sh when it waited in vain. */
const IN_VAIN = 75;

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
      host.change(
        {
          ...remoteScript('phases/apply-manifest', RUN_DIR, ADMIN_CONF, NO_CACHE),
          stdin,
          sudo: true,
          timeoutMs: cluster.waitMs,
        },
        signal,
      ),
    );
  },
};

async function waitForApi({ host, cluster: { waitMs }, signal }: PhaseContext): Promise<void> {
  const seconds = Math.round(waitMs / 1000);
  const wait = {
    ...remoteScript('phases/wait-for-api', String(seconds), kubeadmUnit('init'), ADMIN_CONF, READY),
    sudo: true,
  };
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
