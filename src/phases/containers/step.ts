import type { Host } from '../../host/host.ts';
import type { MachineState } from '../../session/state.ts';
import { machineCapabilities, type SystemImage, useRemoteRootfs } from '../../system-container/index.ts';
import { BLOB_DIRS } from '../install-container.ts';
import { type Decision, no, yes } from '../phase.ts';

/** The machine lists a container of that name. */
export const has = (name: string, { containers }: MachineState): boolean =>
  containers.some((container) => container.name === name);

/** A step has something to do where the container is. */
export const whereInstalled =
  (name: string) =>
  (state: MachineState): Decision =>
    has(name, state) ? yes(`${name} is installed`) : no(`${name} is not installed`);

/** What the engine must know of a machine. */
export const ofMachine = ({ facts }: MachineState) => ({
  capabilities: machineCapabilities(facts.capabilityBounds),
  readOnly: facts.readOnly,
  blobDirs: BLOB_DIRS,
});

/** The image, or what is used of it with a root filesystem of the machine. */
export async function rootfsOf(
  host: Host,
  image: SystemImage,
  given: string | undefined,
  signal: AbortSignal,
) {
  return given === undefined ? { image, remote: undefined } : useRemoteRootfs(host, image, given, signal);
}
