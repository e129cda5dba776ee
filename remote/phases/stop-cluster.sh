#!/bin/sh
# Ends the kubelet, every pod, containerd and etcd, then unmounts what they mounted. The unit of containerd
# leaves its shims alone when it stops (KillMode=process), so they are killed by their cgroup. Unmounting goes
# from the deepest mount up, and only below the folders of the cluster. Of the network namespaces only those
# are taken that the records of CNI name for the network of the cluster. Arguments are the units.
set -eu
. ./lib/netns-names.sh
systemctl stop kubelet.service 2> /dev/null || true
systemctl kill --signal=KILL kubepods.slice 2> /dev/null || true
systemctl kill --signal=KILL containerd.service 2> /dev/null || true
systemctl stop "$@" 2> /dev/null || true
systemctl stop kubepods.slice 2> /dev/null || true
tries=0
while [ $tries -lt 20 ]; do
  left=$(awk '$2 ~ "^/(var/lib/(kubelet|containerd|containers/atomic)/|run/containerd(/|$))" { print $2 }' /proc/self/mounts | sort -r)
  [ -n "$left" ] || break
  echo "$left" | while read -r target; do umount -R "$(printf '%b' "$target")" 2> /dev/null || true; done
  tries=$((tries + 1))
  [ $tries -lt 3 ] || sleep 0.2
done
netns_names /var/lib/cni/results |
  while read -r name; do
    umount "/run/netns/$name" 2> /dev/null || true
    rm -f "/run/netns/$name"
  done
# On cgroup v1 systemd removes its own hierarchies only: runc's are left of pods that were killed.
for _ in 1 2 3 4 5; do
  find /sys/fs/cgroup/kubepods.slice /sys/fs/cgroup/*/kubepods.slice -depth -type d -exec rmdir {} + 2> /dev/null || true
  rmdir /sys/fs/cgroup/*/system.slice 2> /dev/null || true
  # shellcheck disable=SC2012 # only whether there is any
  [ -n "$(ls -d /sys/fs/cgroup/kubepods.slice /sys/fs/cgroup/*/kubepods.slice 2> /dev/null)" ] || break
  sleep 0.2
done
if [ -n "$left" ]; then
  echo "still mounted: $left" >&2
  exit 1
fi
