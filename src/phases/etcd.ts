import { COMPONENTS } from '../cluster/components.ts';
import { ETCD_CLIENT_PORT } from '../cluster/ports.ts';
import { type EtcdMember, etcdValues } from '../etcd/values.ts';
import { script } from '../host/command.ts';
import type { MachineState } from '../session/state.ts';
import { startSystemContainer } from '../system-container/index.ts';
import { certificates } from './certificates.ts';
import { installContainer } from './install-container.ts';
import { nodeRuntime } from './node-runtime.ts';
import { isMaster, no, type Phase, yes } from './phase.ts';
import { isInstalled } from './system-containers.ts';

/** Asks until etcd serves linearizable reads, ten times a second at most. $1 is the address, $2 the limit in s. */
const WAIT_HEALTHY = `
pki=/etc/kubernetes/pki/etcd
now() { cut -d. -f1 /proc/uptime; }
end=$(($(now) + $2))
until answer=$(etcdctl --endpoints "https://$1:${ETCD_CLIENT_PORT}" --cacert $pki/ca.crt --cert $pki/healthcheck-client.crt \\
    --key $pki/healthcheck-client.key --command-timeout=2s --dial-timeout=1s endpoint health 2>&1); do
  # What systemd has given up will not come by itself.
  if [ "$(now)" -ge "$end" ] || systemctl is-failed --quiet etcd.service; then
    journalctl -u etcd.service -n 5 --no-pager -o cat >&2 || true
    echo "etcd is $(systemctl is-active etcd.service), and not healthy: $answer" >&2
    exit 1
  fi
  sleep 0.1
done
`;

/** A master as a member of etcd. */
export const etcdMember = ({ machine, address }: MachineState): EtcdMember => ({
  name: machine.name,
  address,
});

/** etcd as a system container, external from kubeadm's point of view. */
export const etcd: Phase = {
  id: 'etcd',
  title: 'Install etcd',
  on: isMaster,
  after: [nodeRuntime],
  decide: (state, _clusterState, bundle) =>
    isInstalled(state, 'etcd', bundle) ? no('installed from this bundle') : yes('not installed'),
  async run(context) {
    const { state, clusterState } = context;
    await installContainer(
      context,
      'etcd',
      etcdValues(etcdMember(state), clusterState.masters.map(etcdMember)),
    );
  },
};

/** Starts it once its certificates are there, and waits until it serves. */
export const etcdStart: Phase = {
  id: 'etcd-start',
  title: 'Start etcd',
  on: isMaster,
  after: [etcd, certificates],
  decide: ({ facts }) => (facts.active.has(COMPONENTS.etcd.unit) ? no('it runs') : yes('it does not run')),
  async run({ host, state, cluster, signal, progress }) {
    await startSystemContainer(host, 'etcd', signal);
    progress({ text: 'waiting until etcd serves' });
    const seconds = String(Math.round(cluster.waitMs / 1000));
    const wait = { ...script(WAIT_HEALTHY, state.address, seconds), sudo: true };
    await host.query({ ...wait, timeoutMs: cluster.waitMs + 60_000 }, signal);
  },
};
