import type { Bundle } from '../../bundle/open.ts';
import { componentOfImage } from '../../cluster/components.ts';
import type { ClusterState, MachineState } from '../../session/state.ts';
import { containerValues } from '../planned-containers.ts';

/** What kboot's own images must be told about a machine; nothing for images of others. */
export function valuesForMachine(
  image: string,
  state: MachineState,
  clusterState: ClusterState,
  bundle: Bundle | undefined,
): Readonly<Record<string, string>> {
  const name = componentOfImage(image);
  return name === undefined || bundle === undefined ? {} : containerValues(name, state, clusterState, bundle);
}
