import type { Bundle } from '../bundle/open.ts';
import { systemImages } from '../bundle/select.ts';
import { etcdValues } from '../etcd/values.ts';
import type { ClusterState, MachineState } from '../session/state.ts';
import type { PlannedContainer } from '../system-container/index.ts';
import { etcdMember } from './etcd.ts';
import { readBundleImage } from './install-container.ts';
import { kubeletValues } from './kubelet.ts';
import { runtimeValues } from './node-runtime.ts';
import { systemContainerName } from './system-containers.ts';

/** The values that this run gives to each system container on the machine. */
export function containerValues(
  name: string,
  state: MachineState,
  { masters }: ClusterState,
  { lock }: Bundle,
): Readonly<Record<string, string>> {
  if (name === 'node-runtime') return runtimeValues(state.facts, lock);
  if (name === 'kubelet') return kubeletValues(state.facts);
  return etcdValues(etcdMember(state), masters.map(etcdMember));
}

/** The system containers that the machine is going to get. */
export function plannedContainers(
  state: MachineState,
  clusterState: ClusterState,
  bundle: Bundle,
  cacheDir: string,
): Promise<readonly PlannedContainer[]> {
  return Promise.all(
    systemImages(bundle.lock, state.machine.role).map(async (image) => {
      const name = systemContainerName(image);
      return {
        name,
        image: await readBundleImage(bundle, image, cacheDir),
        values: containerValues(name, state, clusterState, bundle),
        readOnly: state.facts.readOnly,
      };
    }),
  );
}
