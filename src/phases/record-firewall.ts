import { INITIALISED, JOINED, KUBELET_ROOTFS, TABLES_BEFORE } from '../cluster/paths.ts';
import { remoteScript } from '../host/remote-script.ts';
import { kubelet } from './kubelet.ts';
import { everywhere, no, type Phase, yes } from './phase.ts';

/**
 * The second half of the baseline: the tools to look at the firewall come with the kubelet's image, and the
 * kubelet must not have run yet.
 */
export const recordFirewall: Phase = {
  id: 'record-firewall',
  title: 'Record the firewall',
  on: everywhere,
  after: [kubelet],
  decide: ({ facts }) =>
    [TABLES_BEFORE, INITIALISED, JOINED].some((path) => facts.present.has(path))
      ? no('it was recorded before the cluster')
      : yes('the cluster has not touched it yet'),
  async run({ host, signal }) {
    await host.change(
      { ...remoteScript('phases/record-firewall', TABLES_BEFORE, KUBELET_ROOTFS), sudo: true },
      signal,
    );
  },
};
