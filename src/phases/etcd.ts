import { COMPONENTS } from '../cluster/components.ts';
import { ETCD_CLIENT_PORT } from '../cluster/ports.ts';
import { type EtcdMember, etcdValues } from '../etcd/values.ts';
import { remoteScript } from '../host/remote-script.ts';
import type { MachineState } from '../session/state.ts';
import { startSystemContainer } from '../system-container/index.ts';
import { certificates } from './certificates.ts';
import { installContainer } from './install-container.ts';
import { nodeRuntime } from './node-runtime.ts';
import { isMaster, no, type Phase, yes } from './phase.ts';
import { isInstalled } from './system-containers.ts';

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
    const wait = {
      ...remoteScript('phases/wait-for-etcd', `${state.address}:${ETCD_CLIENT_PORT}`, seconds),
      sudo: true,
    };
    await host.query({ ...wait, timeoutMs: cluster.waitMs + 60_000 }, signal);
  },
};
