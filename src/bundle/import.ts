import { script } from '../host/command.ts';
import { CLEAR_DAMAGED } from '../host/damaged-blobs.ts';
import type { Host } from '../host/host.ts';
import type { BundleImage } from './lock.ts';
import { blobsOf, hexOf } from './select.ts';

const IMPORT_TIMEOUT_MS = 30 * 60 * 1000;

/** In front of the names that images have while they are unpacked, and longer where an import was cut off. */
export const UNPACKING = 'unpacking.kboot.invalid/';

/**
 * Puts an OCI layout of links to staged blobs together and feeds it to containerd. What containerd holds
 * already is left out of the archive: it finds those blobs in its content store. The labels make the kubelet's
 * garbage collection keep the images, which nobody could pull again.
 *
 * Images get the names by which they count as imported only when each of their layers is unpacked and on the disk.
 * So they are imported twice: first under other names and with --sync-fs, which needs --local, which names images
 * before it unpacks them; then as they are, which finds all of it done. A power cut would leave images with empty
 * files otherwise, or some that the kubelet has to unpack while it starts a pod, for which it has two minutes.
 *
 * The other names are taken away at the end, also those that an import left which did not come to its end.
 *
 * $1 staged blobs, $2 and $3 the two index.json, $4 what the other names begin with. The rest are blobs.
 */
const IMPORT = `${CLEAR_DAMAGED}
staged=$1 first=$2 index=$3 unpacking=$4
shift 4
mkdir -p "$staged"
work=$(mktemp -d "$staged/../import.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/blobs/sha256"
printf '{"imageLayoutVersion":"1.0.0"}' > "$work/oci-layout"
import() {
  printf '%s' "$1" > "$work/index.json"
  shift
  tar -C "$work" -cf - oci-layout index.json blobs |
    ctr -n k8s.io images import "$@" --all-platforms \\
      --label io.cri-containerd.pinned=pinned --label io.cri-containerd.image=managed - > /dev/null
}
for hex in "$@"; do
  [ -e "$staged/$hex" ] && ln "$staged/$hex" "$work/blobs/sha256/$hex"
done
import "$first" --local --sync-fs || { clear_damaged "$staged" "$@"; exit 1; }
rm -rf "$work"/blobs/sha256/*
import "$index"
ctr -n k8s.io images rm $(ctr -n k8s.io images ls -q | grep -F "$unpacking") > /dev/null
`;

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
      ...script(IMPORT, staged, ...indexes, UNPACKING, ...blobs),
      sudo: true,
      timeoutMs: IMPORT_TIMEOUT_MS,
    },
    signal,
  );
}
