#!/bin/sh
# Writes the tables and chains that exist into $1, once, before the kubelet and kube-proxy make theirs. $2 is
# the root filesystem of the kubelet.
set -eu
. ./lib/firewall.sh
before=$1 rootfs=$2
[ -e "$before" ] || { list > "$before.new" && mv "$before.new" "$before"; }
