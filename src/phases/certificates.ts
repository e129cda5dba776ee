import { INITIALISED, PKI, PKI_NEW, PKI_OLD, RUN_DIR } from '../cluster/paths.ts';
import { remoteScript } from '../host/remote-script.ts';
import { certificatesConfig } from '../kubeadm/config.ts';
import { kubelet } from './kubelet.ts';
import { isLeader, no, type Phase, yes } from './phase.ts';
import { clusterSettings, machineSettings } from './settings.ts';

/** kubeadm makes every certificate, etcd's included. */
export const certificates: Phase = {
  id: 'certificates',
  title: 'Make the certificates',
  on: isLeader,
  after: [kubelet],
  decide: ({ facts }) =>
    facts.present.has(INITIALISED) ? no('the cluster has them') : yes('the cluster has none yet'),
  async run({ cluster, bundle, host, state, clusterState, signal }) {
    const stdin = certificatesConfig(
      clusterSettings(cluster, bundle, clusterState.states),
      machineSettings(state, cluster),
    );
    await host.change(
      { ...remoteScript('phases/make-certificates', PKI, PKI_NEW, PKI_OLD, RUN_DIR), stdin, sudo: true },
      signal,
    );
  },
};
