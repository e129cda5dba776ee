import type { Facts } from '../facts/facts.ts';
import { installContainer } from './install-container.ts';
import { kubeletMounts } from './kubelet-mounts.ts';
import { nodeRuntime } from './node-runtime.ts';
import { everywhere, no, type Phase, yes } from './phase.ts';
import { isInstalled } from './system-containers.ts';

/** What the kubelet's image asks for; a machine that cannot raise limits gives what it has. */
const OPEN_FILES = 1_048_576;

/** What the kubelet's templates must be told about this machine. */
export const kubeletValues = (facts: Facts): Readonly<Record<string, string>> => ({
  HOST_MOUNTS: kubeletMounts(facts),
  NOFILE: String(Math.min(OPEN_FILES, facts.openFiles)),
});

/** The kubelet with kubeadm and kubectl. kubeadm starts it. */
export const kubelet: Phase = {
  id: 'kubelet',
  title: 'Install the kubelet',
  on: everywhere,
  after: [nodeRuntime],
  decide: (state, _clusterState, bundle) =>
    isInstalled(state, 'kubelet', bundle) ? no('installed from this bundle') : yes('not installed'),
  async run(context) {
    const { facts } = context.state;
    await installContainer(context, 'kubelet', kubeletValues(facts));
  },
};
