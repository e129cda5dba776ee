import type { Ledger } from '../facts/ledger.ts';
import { CLUSTER_PATHS, SHARED_DIRS, STATE_DIR } from '../facts/paths.ts';
import { script } from '../host/command.ts';
import type { Host } from '../host/host.ts';
import { MODULES_FILE, SYSCTL_FILE } from './kernel.ts';

/** What kubeadm writes into a folder that was there before the cluster, with content of somebody else's. */
const KUBEADM_FILES = [
  ...['admin.conf', 'super-admin.conf', 'kubelet.conf', 'bootstrap-kubelet.conf'],
  ...['controller-manager.conf', 'scheduler.conf', 'manifests', 'pki', 'tmp'],
].map((name) => `/etc/kubernetes/${name}`);

/** What to delete, what to empty, what to delete if it is empty: everything of the cluster that was not there before. */
export function leftovers(ledger: Ledger | undefined): {
  remove: string[];
  empty: string[];
  prune: string[];
} {
  const kept = new Set(ledger?.kept ?? []);
  const empty = (ledger?.empty ?? []).filter((path) => path !== '/run/netns');
  // The ledger goes last: a reset that is cut off in between must find it again.
  const remove = CLUSTER_PATHS.filter((path) => !kept.has(path) && path !== STATE_DIR);
  const inKept = kept.has('/etc/kubernetes') ? KUBEADM_FILES : [];
  const prune = SHARED_DIRS.filter((path) => !kept.has(path)).reverse();
  return { remove: [...inKept, ...remove, MODULES_FILE, SYSCTL_FILE].reverse(), empty, prune };
}

/** $1 is how many paths to remove, then come those, then those to empty. Mount points are never crossed. */
const CLEAN = `
count=$1
shift
while [ "$count" -gt 0 ]; do
  rm -rf --one-file-system -- "$1"
  shift
  count=$((count - 1))
done
for dir in "$@"; do
  [ -d "$dir" ] || continue
  find "$dir" -xdev -mindepth 1 -depth ! -path "$dir/lost+found*" -delete
done
systemctl daemon-reload
systemctl reset-failed kubelet.service containerd.service etcd.service 2>/dev/null || true
rm -rf ${STATE_DIR}
`;

/** Arguments are directories; those with something in them stay. */
const PRUNE = `
for dir in "$@"; do rmdir -- "$dir" 2>/dev/null || true; done
`;

/** Arguments are pairs of a setting and its former value. */
const RESTORE_SYSCTLS = `
while [ $# -gt 0 ]; do
  file=/proc/sys/$(echo "$1" | sed 'y/./\\//')
  [ "$(tr '\\t' ' ' < "$file" 2>/dev/null)" = "$2" ] || echo "$2" > "$file" 2>/dev/null || true
  shift 2
done
`;

/** Puts folders and kernel settings back to what the ledger says, and takes the ledger itself away last. */
export async function putBack(host: Host, ledger: Ledger | undefined, signal: AbortSignal): Promise<void> {
  const settings = Object.entries(ledger?.sysctls ?? {}).flat();
  await host.change({ ...script(RESTORE_SYSCTLS, ...settings), sudo: true }, signal);
  const { remove, empty, prune } = leftovers(ledger);
  await host.change({ ...script(PRUNE, ...prune), sudo: true }, signal);
  await host.change({ ...script(CLEAN, String(remove.length), ...remove, ...empty), sudo: true }, signal);
}
