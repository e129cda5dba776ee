import type { BundleLock } from '../bundle/lock.ts';
import { COMPONENTS } from '../cluster/components.ts';
import type { Facts } from '../facts/facts.ts';
import { remoteScript } from '../host/remote-script.ts';
import { installContainer } from './install-container.ts';
import { kernel } from './kernel.ts';
import { everywhere, no, type Phase, yes } from './phase.ts';
import { sendSystem } from './send.ts';
import { isInstalled } from './system-containers.ts';
import { trust } from './trust.ts';

/** CAP_SYS_RESOURCE is number 24 of the kernel's list (linux/capability.h). */
const CAP_SYS_RESOURCE = 24n;

const mayRaiseLimits = ({ capabilityBounds }: Facts): boolean =>
  ((BigInt(`0x${capabilityBounds || '0'}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;

/** What containerd must be told about this machine: the image of its sandboxes, and whether it may lower oom_score_adj. */
export function runtimeValues(facts: Facts, lock: BundleLock): Readonly<Record<string, string>> {
  const pause = lock.images.find(({ name }) => /\/pause:/.test(name));
  return {
    ...(pause && { PAUSE_IMAGE: pause.name }),
    RESTRICT_OOM_SCORE_ADJ: String(!mayRaiseLimits(facts)),
  };
}

/** containerd, runc and the CNI plugins, as files of a system container without a service. */
export const nodeRuntime: Phase = {
  id: 'node-runtime',
  title: 'Install the container runtime',
  on: everywhere,
  after: [sendSystem, kernel, trust],
  decide: (state, _clusterState, bundle) =>
    isInstalled(state, 'node-runtime', bundle) && state.facts.active.has(COMPONENTS['node-runtime'].unit)
      ? no('containerd runs from this bundle')
      : yes('containerd is not there'),
  async run(context) {
    const { host, state, bundle, signal } = context;
    await installContainer(context, 'node-runtime', runtimeValues(state.facts, bundle.lock));
    await host.query({ ...remoteScript('phases/check-cri'), sudo: true }, signal);
  },
};
