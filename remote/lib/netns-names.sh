#!/bin/sh
# The network namespaces of pods, by their names below /run/netns, as the records of CNI in folder $1 have
# them.
netns_names() {
  cat "$1"/cbr0-* 2> /dev/null | grep -aoE '"netns":"[^"]*/cni-[A-Za-z0-9_-]+"' | sed 's|.*/||; s|"$||' || true
}
