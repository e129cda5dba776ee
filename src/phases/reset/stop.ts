import { unitsOf } from '../../cluster/components.ts';
import { remoteScript } from '../../host/remote-script.ts';
import { everywhere, type Phase } from '../phase.ts';
import { wasInCluster } from './changed.ts';

/** Ends everything of the cluster that runs on the machine. */
export const stopCluster: Phase = {
  id: 'stop',
  title: 'Stop the pods and the kubelet',
  on: everywhere,
  after: [],
  decide: wasInCluster,
  async run({ host, state, cluster, signal }) {
    const units = unitsOf((state.ledger ?? state.machine).role);
    await host.change(
      { ...remoteScript('phases/stop-cluster', ...units), sudo: true, timeoutMs: cluster.waitMs },
      signal,
    );
  },
};
