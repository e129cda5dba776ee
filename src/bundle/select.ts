import type { BundleImage, BundleLock, Role } from './lock.ts';

/** A blob by digest (`sha256:...`) and size in bytes. */
export interface Blob {
  readonly digest: string;
  readonly size: number;
}

export const hexOf = (digest: string): string => digest.slice('sha256:'.length);

/** The system image of that name (`etcd`), as it stands in the bundle. */
export function systemImage(lock: BundleLock, name: string): BundleImage | undefined {
  return lock.images.find((image) => image.kind === 'system' && image.name.startsWith(`kboot/${name}:`));
}

/** The pod images that a machine of this role runs. */
export function podImages(lock: BundleLock, role: Role): readonly BundleImage[] {
  return lock.images.filter((image) => image.kind === 'pod' && image.roles.includes(role));
}

/** The system images of a role. */
export function systemImages(lock: BundleLock, role: Role): readonly BundleImage[] {
  return lock.images.filter((image) => image.kind === 'system' && image.roles.includes(role));
}

/**
 * The blobs that a machine has to hold for these images, each once, in the order of the images. Of a system
 * image only the layers: kboot reads its manifest and configuration on the operator's side.
 */
export function blobsOf(images: readonly BundleImage[]): readonly Blob[] {
  const blobs = images.flatMap((image): readonly Blob[] =>
    image.kind === 'system' ? image.layers : [image.manifest, image.config, ...image.layers],
  );
  return [...new Map(blobs.map(({ digest, size }) => [digest, { digest, size }])).values()];
}

/**
 * Bytes that the images occupy on a machine's disk once they are there: the blobs while they are staged, and
 * every layer unpacked, once in the layer store and once in containerd where both need it.
 */
export function diskNeeded(images: readonly BundleImage[]): number {
  const unpacked = (kind: BundleImage['kind']) => {
    const layers = images.filter((image) => image.kind === kind).flatMap((image) => image.layers);
    const sizes = new Map(layers.map((layer) => [layer.digest, layer.unpackedSize]));
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
  };
  const staged = blobsOf(images).reduce((sum, { size }) => sum + size, 0);
  const imported = blobsOf(images.filter(({ kind }) => kind === 'pod')).reduce(
    (sum, { size }) => sum + size,
    0,
  );
  return staged + imported + unpacked('system') + unpacked('pod');
}
