import { removeClusterFile } from './cluster-file.ts';
import { IMAGE_REPOSITORY } from './image.ts';
import { checkLabName } from './names.ts';
import { listContainers, listNames, podman, podmanChange } from './podman.ts';
import { removeContainersArguments } from './podman-arguments.ts';
import { requireRoot } from './requirements.ts';
import { succeeds } from './run.ts';
import { labFolder, readLabRecord, removeLabFolder } from './state.ts';
import type { LabContext } from './up.ts';

/** What `labDown` found and removed. */
export interface LabRemains {
  readonly machines: readonly string[];
  /** The cluster file that was changed since `lab up` wrote it, and is therefore still there. */
  readonly keptClusterFile: string | undefined;
  /** Machine images that were to go too, and stay, because other labs run them. */
  readonly keptImages: readonly string[];
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
    await podmanChange(removeContainersArguments(containers.map(({ container }) => container)), signal);
  }
  const volumes = await listNames('volume', name, signal);
  if (volumes.length > 0) await podmanChange(['volume', 'rm', '--force', ...volumes], signal);
  const networks = await listNames('network', name, signal);
  if (networks.length > 0) await podmanChange(['network', 'rm', '--force', ...networks], signal);
  const clusterFile = await removeClusterFile(record?.clusterFile);
  await removeLabFolder(files);
  return {
    machines: containers.map(({ machine }) => machine),
    keptClusterFile: clusterFile === 'kept' ? record?.clusterFile?.path : undefined,
    keptImages: image ? await removeImages(signal) : [],
  };
}

/** Removes the machine image, every version of it, and returns those in use. */
async function removeImages(signal: AbortSignal | undefined): Promise<readonly string[]> {
  const format = '{{.Repository}}:{{.Tag}}';
  const list = ['images', '--format', format, '--filter', `reference=${IMAGE_REPOSITORY}`];
  const images = (await podman(list, signal)).split('\n').filter((image) => image !== '');
  // An image may be the base of another, which then has to go first.
  return removeEach(await removeEach(images, signal), signal);
}

/** Removes those that nothing uses, and returns the others. */
async function removeEach(
  images: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const kept: string[] = [];
  for (const image of images)
    if (!(await succeeds(['podman', 'image', 'rm', image], signal))) kept.push(image);
  return kept;
}
