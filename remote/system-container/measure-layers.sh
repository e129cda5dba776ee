#!/bin/sh
# $1 is the checkout root. Prints the deployments, then `size BYTES HEX` for each layer.
set -eu
. ./lib/list-deployments.sh
list_deployments "$1"
for layer in "$1"/.storage/*; do
  if [ -d "$layer" ]; then
    size=$(du -s --block-size=1 "$layer")
    printf 'size\t%s\t%s\n' "${size%%[!0-9]*}" "${layer##*/}"
  fi
done
