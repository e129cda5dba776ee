import { UNPACKING } from '../bundle/import.ts';
import type { BundleImage } from '../bundle/lock.ts';
import type { Bundle } from '../bundle/open.ts';
import { type Blob, blobsOf, hexOf, systemImage } from '../bundle/select.ts';
import { KbootError } from '../lib/errors.ts';
import type { MachineState } from '../session/state.ts';

/** The system container of that name runs this bundle's image. */
export function isInstalled(state: MachineState, name: string, bundle: Bundle): boolean {
  const image = systemImage(bundle.lock, name);
  const installed = state.containers.find((container) => container.name === name);
  return image !== undefined && installed?.revision === hexOf(image.manifest.digest);
}

/** The image, or BUNDLE_INVALID when the bundle has none of that name. */
export function requireImage(bundle: Bundle, name: string): BundleImage {
  const image = systemImage(bundle.lock, name);
  if (!image) {
    throw new KbootError('BUNDLE_INVALID', `${bundle.dir}: the bundle has no system image ${name}`, {
      hint: 'build it again: kboot bundle build',
    });
  }
  return image;
}

/** containerd has the image under its name, and no more under the one that it has while it is unpacked. */
export function isImported({ facts }: MachineState, { name, manifest }: BundleImage): boolean {
  return facts.images[name] === manifest.digest && !(`${UNPACKING}${name}` in facts.images);
}

/**
 * Blobs which the machine must still be sent for these images: a pod image's blob must be staged or in
 * containerd, a system image's layer may also be in the layer store already.
 */
export function missingBlobs({ facts }: MachineState, images: readonly BundleImage[]): readonly Blob[] {
  const isThere = ({ digest, size }: Blob, kind: BundleImage['kind']) => {
    const hex = hexOf(digest);
    return (
      facts.staged.get(hex) === size ||
      facts.contents.has(hex) ||
      (kind === 'system' && facts.layers.has(hex))
    );
  };
  const missing = images.flatMap((image) => blobsOf([image]).filter((blob) => !isThere(blob, image.kind)));
  return [...new Map(missing.map((blob) => [blob.digest, blob])).values()];
}

/** `etcd` of `kboot/etcd:v1.37.2`. */
export const systemContainerName = ({ name }: BundleImage): string => name.replace(/^kboot\/(.*):.*$/, '$1');
