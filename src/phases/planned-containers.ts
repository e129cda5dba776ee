import type { Bundle } from '../bundle/open.ts';
import { systemImages } from '../bundle/select.ts';
import { etcdValues } from '../etcd/values.ts';
import type { MachineState } from '../session/state.ts';
import type { PlannedContainer } from '../system-container/index.ts';
import { readBundleImage } from './install-container.ts';
import { kubeletValues } from './kubelet.ts';
import { runtimeValues } from './node-runtime.ts';
import { systemContainerName } from './system-containers.ts';

/** The values that this run gives to each system container on the machine. */
export function containerValues(
  name: string,
  { machine, address, facts }: MachineState,
  { lock }: Bundle,
): Readonly<Record<string, string>> {
  if (name === 'node-runtime') return runtimeValues(facts, lock);
  if (name === 'kubelet') return kubeletValues(facts);
  return etcdValues(machine.name, address);
}

/** The system containers that the machine is going to get. */
export function plannedContainers(
  state: MachineState,
  bundle: Bundle,
  cacheDir: string,
): Promise<readonly PlannedContainer[]> {
  return Promise.all(
    systemImages(bundle.lock, state.machine.role).map(async (image) => {
      const name = systemContainerName(image);
      return {
        name,
        image: await readBundleImage(bundle, image, cacheDir),
        values: containerValues(name, state, bundle),
        readOnly: state.facts.readOnly,
      };
    }),
  );
}
