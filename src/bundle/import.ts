import type { Host } from '../host/host.ts';
import { remoteScript } from '../host/remote-script.ts';
import type { BundleImage } from './lock.ts';
import { blobsOf, hexOf } from './select.ts';

const IMPORT_TIMEOUT_MS = 30 * 60 * 1000;

/** In front of the names that images have while they are unpacked, and longer where an import was cut off. */
export const UNPACKING = 'unpacking.kboot.invalid/';

/** The index.json of a layout with these images, under the names by which the kubelet asks for them, or others. */
export function importIndex(images: readonly BundleImage[], architecture: string, prefix = ''): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: images.map(({ name, manifest }) => ({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: manifest.digest,
      size: manifest.size,
      platform: { architecture, os: 'linux' },
      annotations: {
        'io.containerd.image.name': `${prefix}${name}`,
        'org.opencontainers.image.ref.name': `${prefix}${name}`,
      },
    })),
  });
}

/** Gives images whose blobs are on the machine to its containerd, pinned. Doing it again changes nothing. */
export async function importImages(
  host: Host,
  images: readonly BundleImage[],
  architecture: string,
  staged: string,
  signal?: AbortSignal,
): Promise<void> {
  const blobs = blobsOf(images).map(({ digest }) => hexOf(digest));
  const indexes = [importIndex(images, architecture, UNPACKING), importIndex(images, architecture)];
  await host.change(
    {
      ...remoteScript('bundle/import-images', staged, ...indexes, UNPACKING, ...blobs),
      sudo: true,
      timeoutMs: IMPORT_TIMEOUT_MS,
    },
    signal,
  );
}
