import type { BundleImage } from '../bundle/lock.ts';
import { readConfig } from '../bundle/oci-layout.ts';
import type { Bundle } from '../bundle/open.ts';
import { hexOf } from '../bundle/select.ts';
import { BLOBS_DIR, CONTAINERD_BLOBS } from '../cluster/paths.ts';
import type { Facts } from '../facts/facts.ts';
import { KbootError } from '../lib/errors.ts';
import {
  installSystemContainer,
  machineCapabilities,
  programDirectory,
  readSystemImage,
  type SystemImage,
} from '../system-container/index.ts';
import { layerScans } from './layer-scans.ts';
import type { PhaseContext } from './phase.ts';
import { requireImage } from './system-containers.ts';

/** Where node-runtime puts the runtime of all system containers on this machine. */
export const runcPath = ({ readOnly }: Pick<Facts, 'readOnly'>): string =>
  `${programDirectory(readOnly)}/runc`;

/** Where a machine may hold a layer's blob: sent by kboot, or imported into containerd. */
export const BLOB_DIRS = [BLOBS_DIR, CONTAINERD_BLOBS];

/** A system image of the bundle, every entry of its layers checked on this side. */
export async function readBundleImage(
  bundle: Bundle,
  image: BundleImage,
  cacheDir: string,
): Promise<SystemImage> {
  const scans = await layerScans(image.layers, (digest) => bundle.blobPath(digest), cacheDir);
  const { config } = await readConfig(bundle.dir, image.config.digest);
  const id = hexOf(image.manifest.digest);
  return readSystemImage({ name: image.name, id, layers: scans, labels: config?.Labels ?? {} });
}

/**
 * Installs a system container from the bundle; another build of the same name is refused, because replacing it
 * is an update.
 */
export async function installContainer(
  context: PhaseContext,
  name: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const { bundle, host, state, signal, cacheDir, warn } = context;
  const image = await readBundleImage(bundle, requireImage(bundle, name), cacheDir);
  const result = await installSystemContainer(
    host,
    {
      image,
      name,
      values,
      runtime: runcPath(state.facts),
      readOnly: state.facts.readOnly,
      capabilities: machineCapabilities(state.facts.capabilityBounds),
      blobDirs: BLOB_DIRS,
    },
    { signal },
  );
  for (const warning of result.warnings) warn(`${name}: ${warning}`);
  if (result.status === 'present') {
    throw new KbootError(
      'REFUSED',
      `${host.name}: ${name} is installed from another build: ${result.revision}`,
      {
        host: host.name,
        hint: `kboot containers update ${name} --host ${host.name}, or name the bundle it is from (bundle.path in kboot.yaml)`,
      },
    );
  }
}
