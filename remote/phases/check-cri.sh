#!/bin/sh
# containerd starts without the plugin that serves the kubelet when that one fails (no inotify instance left,
# a broken CNI folder), and the message of kubeadm about it tells nobody why.
set -eu
state=$(ctr plugins ls | awk '$1 ~ /grpc/ && $2 == "cri" { print $NF }')
[ "$state" = ok ] && exit 0
cause=$(journalctl -u containerd.service -n 500 -o cat --no-pager | grep cri | grep -e level=error -e 'failed to load' | tail -n 1)
echo "containerd runs without its CRI plugin (${state:-missing}): $cause" >&2
exit 1
