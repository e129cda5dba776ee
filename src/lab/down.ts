import { removeClusterFile } from './cluster-file.ts';
import { IMAGE_REPOSITORY } from './image.ts';
import { checkLabName } from './names.ts';
import { listContainers, listNames, podman } from './podman.ts';
import { requireRoot } from './requirements.ts';
import { labFolder, readLabRecord, removeLabFolder } from './state.ts';
import type { LabContext } from './up.ts';

/** What `labDown` found and removed. */
export interface LabRemains {
  readonly machines: readonly string[];
  /** The cluster file that was changed since `lab up` wrote it, and is therefore still there. */
  readonly keptClusterFile: string | undefined;
}

/**
 * Removes a lab: containers, volumes, network, files, and the kboot.yaml that `lab up` wrote unless it was changed
 * since. `image` removes the machine image as well. Also cleans up after a `lab up` that did not end; a lab that
 * is not there is no error.
 */
export async function labDown(
  name: string,
  { image = false }: { readonly image?: boolean },
  context: LabContext,
): Promise<LabRemains> {
  const { signal, onProgress = () => {} } = context;
  checkLabName(name);
  requireRoot();
  const files = labFolder(name, context);
  const record = await readLabRecord(files).catch(() => undefined);
  const containers = await listContainers(name, signal);
  if (containers.length > 0) {
    onProgress(`removing ${containers.map(({ machine }) => machine).join(', ')}`);
    await podman(['rm', '--force', '--time', '0', ...containers.map(({ container }) => container)], signal);
  }
  const volumes = await listNames('volume', name, signal);
  if (volumes.length > 0) await podman(['volume', 'rm', '--force', ...volumes], signal);
  const networks = await listNames('network', name, signal);
  if (networks.length > 0) await podman(['network', 'rm', '--force', ...networks], signal);
  const clusterFile = await removeClusterFile(record?.clusterFile);
  await removeLabFolder(files);
  if (image) await removeImages(signal);
  return {
    machines: containers.map(({ machine }) => machine),
    keptClusterFile: clusterFile === 'kept' ? record?.clusterFile?.path : undefined,
  };
}

async function removeImages(signal: AbortSignal | undefined): Promise<void> {
  const ids = await podman(['images', '--quiet', '--filter', `reference=${IMAGE_REPOSITORY}`], signal);
  const unique = [...new Set(ids.split('\n').filter((id) => id !== ''))];
  if (unique.length > 0) await podman(['image', 'rm', ...unique], signal);
}
