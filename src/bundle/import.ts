import { script } from '../host/command.ts';
import { CLEAR_DAMAGED } from '../host/damaged-blobs.ts';
import type { Host } from '../host/host.ts';
import type { BundleImage } from './lock.ts';
import { blobsOf, hexOf } from './select.ts';

const IMPORT_TIMEOUT_MS = 30 * 60 * 1000;

/**
 * Puts an OCI layout of links to staged blobs together and feeds it to containerd. What containerd holds
 * already is left out of the archive: it finds those blobs in its content store. The labels make the kubelet's
 * garbage collection keep the images, which nobody could pull again. Without --sync-fs, which needs --local, a power
 * cut leaves images that count as unpacked and have empty files.
 */
const IMPORT = `${CLEAR_DAMAGED}
staged=$1 index=$2
shift 2
work=$(mktemp -d "$staged/../import.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/blobs/sha256"
printf '{"imageLayoutVersion":"1.0.0"}' > "$work/oci-layout"
printf '%s' "$index" > "$work/index.json"
for hex in "$@"; do
  [ -e "$staged/$hex" ] && ln "$staged/$hex" "$work/blobs/sha256/$hex"
done
tar -C "$work" -cf - oci-layout index.json blobs |
  ctr -n k8s.io images import --local --sync-fs --all-platforms \\
    --label io.cri-containerd.pinned=pinned --label io.cri-containerd.image=managed - >/dev/null ||
  { clear_damaged "$staged" "$@"; exit 1; }
`;

/** The index.json of a layout with these images, under the names by which the kubelet asks for them. */
export function importIndex(images: readonly BundleImage[], architecture: string): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: images.map(({ name, manifest }) => ({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: manifest.digest,
      size: manifest.size,
      platform: { architecture, os: 'linux' },
      annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name },
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
  await host.change(
    {
      ...script(IMPORT, staged, importIndex(images, architecture), ...blobs),
      sudo: true,
      timeoutMs: IMPORT_TIMEOUT_MS,
    },
    signal,
  );
}
