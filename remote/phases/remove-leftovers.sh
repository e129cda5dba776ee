#!/bin/sh
# $1 is how many paths to remove, then come those, then those to empty. Mount points are never crossed. Of the
# results of CNI those of the network of the cluster are removed, and those of the loopback of the same
# containers.
set -eu
count=$1
shift
for result in /var/lib/cni/results/cbr0-*; do
  [ -e "$result" ] || continue
  container=${result##*/cbr0-}
  container=${container%-*}
  rm -f -- "/var/lib/cni/results/cni-loopback-$container-lo" "$result"
done
while [ "$count" -gt 0 ]; do
  rm -rf --one-file-system -- "$1"
  shift
  count=$((count - 1))
done
for dir in "$@"; do
  [ -d "$dir" ] || continue
  find "$dir" -xdev -mindepth 1 -depth ! -path "$dir/lost+found*" -delete
done
