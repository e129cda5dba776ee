#!/bin/sh
# Puts an OCI layout of links to staged blobs together and feeds it to containerd. What containerd holds
# already is left out of the archive: it finds those blobs in its content store. The labels make the garbage
# collection of the kubelet keep the images, which nobody could pull again. $1 is the folder of staged blobs,
# $2 and $3 are two index.json, $4 is what the names in the first begin with; the rest are blobs.
set -eu
. ./lib/clear-damaged.sh
# Images get the names by which they count as imported only when each of their layers is unpacked and on the disk.
# So they are imported twice: first under other names and with --sync-fs, which needs --local, which names images
# before it unpacks them; then as they are, which finds all of it done. A power cut would leave images with empty
# files otherwise, or some that the kubelet has to unpack while it starts a pod, for which it has two minutes.
# The other names are taken away at the end, also those that an import left which did not come to its end.
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
    ctr -n k8s.io images import "$@" --all-platforms \
      --label io.cri-containerd.pinned=pinned --label io.cri-containerd.image=managed - > /dev/null
}
for hex in "$@"; do
  [ -e "$staged/$hex" ] && ln "$staged/$hex" "$work/blobs/sha256/$hex"
done
import "$first" --local --sync-fs || {
  clear_damaged "$staged" "$@"
  exit 1
}
rm -rf "$work"/blobs/sha256/*
import "$index"
# shellcheck disable=SC2046 # a name each
ctr -n k8s.io images rm $(ctr -n k8s.io images ls -q | grep -F "$unpacking") > /dev/null
