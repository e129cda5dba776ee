#!/bin/sh
# Deletes those of the network links that are there.
set -eu
for link in "$@"; do
  ip link show "$link" > /dev/null 2>&1 && ip link delete "$link"
done
true
