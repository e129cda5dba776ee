import { unitsOf } from '../../cluster/components.ts';
import { script } from '../../host/command.ts';
import { everywhere, type Phase } from '../phase.ts';
import { wasInCluster } from './changed.ts';

/** Shell function: the network namespaces of pods, by their names below /run/netns, as CNI's records in folder $1 have them. */
export const NETNS_NAMES = `
netns_names() {
  cat "$1"/cbr0-* 2>/dev/null | grep -aoE '"netns":"[^"]*/cni-[A-Za-z0-9_-]+"' | sed 's|.*/||; s|"$||' || true
}
`;

/**
 * Ends the kubelet, every pod, containerd and etcd, then unmounts what they mounted. containerd's unit leaves
 * its shims alone when it stops (KillMode=process), so they are killed by their cgroup. Unmounting goes from the
 * deepest mount up, and only below the folders of the cluster. Of the network namespaces only those are taken that
 * CNI's own records name for the cluster's network. Arguments are the units.
 */
const STOP = `${NETNS_NAMES}
systemctl stop kubelet.service 2>/dev/null || true
systemctl kill --signal=KILL kubepods.slice 2>/dev/null || true
systemctl kill --signal=KILL containerd.service 2>/dev/null || true
systemctl stop "$@" 2>/dev/null || true
systemctl stop kubepods.slice 2>/dev/null || true
tries=0
while [ $tries -lt 20 ]; do
  left=$(awk '$2 ~ "^/(var/lib/(kubelet|containerd|containers/atomic)/|run/containerd(/|$))" { print $2 }' /proc/self/mounts | sort -r)
  [ -n "$left" ] || break
  echo "$left" | while read -r target; do umount -R "$(printf '%b' "$target")" 2>/dev/null || true; done
  tries=$((tries + 1))
  [ $tries -lt 3 ] || sleep 0.2
done
netns_names /var/lib/cni/results |
  while read -r name; do
    umount "/run/netns/$name" 2>/dev/null || true
    rm -f "/run/netns/$name"
  done
# On cgroup v1 systemd removes its own hierarchies only: runc's are left of pods that were killed.
for try in 1 2 3 4 5; do
  find /sys/fs/cgroup/kubepods.slice /sys/fs/cgroup/*/kubepods.slice -depth -type d -exec rmdir {} + 2>/dev/null || true
  rmdir /sys/fs/cgroup/*/system.slice 2>/dev/null || true
  ls -d /sys/fs/cgroup/kubepods.slice /sys/fs/cgroup/*/kubepods.slice 2>/dev/null | grep -q . || break
  sleep 0.2
done
if [ -n "$left" ]; then
  echo "still mounted: $left" >&2
  exit 1
fi
`;

/** Ends everything of the cluster that runs on the machine. */
export const stopCluster: Phase = {
  id: 'stop',
  title: 'Stop the pods and the kubelet',
  on: everywhere,
  after: [],
  decide: wasInCluster,
  async run({ host, state, cluster, signal }) {
    const units = unitsOf((state.ledger ?? state.machine).role);
    await host.change({ ...script(STOP, ...units), sudo: true, timeoutMs: cluster.waitMs }, signal);
  },
};
