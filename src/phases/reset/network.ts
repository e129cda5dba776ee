import { KUBELET_ROOTFS, RUN_DIR, TABLES_BEFORE } from '../../cluster/paths.ts';
import { remoteScript } from '../../host/remote-script.ts';
import { everywhere, type Phase } from '../phase.ts';
import { wasInCluster } from './changed.ts';
import { stopCluster } from './stop.ts';

/** Links that flannel and the bridge plugin make. */
const LINKS = ['cni0', 'flannel.1'];

/** Takes the cluster's links and firewall rules away, and nobody else's. */
export const cleanNetwork: Phase = {
  id: 'clean-network',
  title: 'Remove its links and firewall rules',
  on: everywhere,
  after: [stopCluster],
  decide: wasInCluster,
  async run({ host, state, signal }) {
    const links = LINKS.filter((link) => !state.ledger?.links.includes(link));
    await host.change({ ...remoteScript('phases/delete-links', ...links), sudo: true }, signal);
    await host.change(
      { ...remoteScript('phases/clean-firewall', TABLES_BEFORE, KUBELET_ROOTFS, RUN_DIR), sudo: true },
      signal,
    );
  },
};
