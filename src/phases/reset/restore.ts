import { CLUSTER_PATHS, STATE_DIR } from '../../facts/paths.ts';
import { script } from '../../host/command.ts';
import { uninstallSystemContainer } from '../../system-container/index.ts';
import { MODULES_FILE, SYSCTL_FILE } from '../kernel.ts';
import { everywhere, type Phase, type Subject } from '../phase.ts';
import { wasChanged } from './changed.ts';

/** Uninstalls the system containers: kubelet and etcd before the runtime that runs them. */
export const uninstall: Phase = {
  id: 'uninstall',
  title: 'Uninstall the system containers',
  on: everywhere,
  after: ['clean-network'],
  decide: wasChanged,
  async run({ host, subject, signal, warn }) {
    const order = ['kubelet', 'etcd', 'node-runtime'];
    const ours = subject.containers.map(({ name }) => name).filter((name) => order.includes(name));
    for (const name of ours.sort((a, b) => order.indexOf(a) - order.indexOf(b))) {
      const { kept } = await uninstallSystemContainer(host, name, signal);
      for (const path of kept) warn(`${path} was changed after the installation and is left as it is`);
    }
  },
};

/** What kubeadm writes into a folder that was there before the cluster, with content of somebody else's. */
const KUBEADM_FILES = [
  ...['admin.conf', 'super-admin.conf', 'kubelet.conf', 'bootstrap-kubelet.conf'],
  ...['controller-manager.conf', 'scheduler.conf', 'manifests', 'pki', 'tmp'],
].map((name) => `/etc/kubernetes/${name}`);

/** What to delete, what to empty: everything of the cluster that was not there before. */
export function leftovers({ ledger }: Pick<Subject, 'ledger'>): { remove: string[]; empty: string[] } {
  const kept = new Set(ledger?.kept ?? []);
  const empty = (ledger?.empty ?? []).filter((path) => path !== '/run/netns');
  // The ledger goes last: a reset that is cut off in between must find it again.
  const remove = CLUSTER_PATHS.filter((path) => !kept.has(path) && path !== STATE_DIR);
  const inKept = kept.has('/etc/kubernetes') ? KUBEADM_FILES : [];
  return { remove: [...inKept, ...remove, MODULES_FILE, SYSCTL_FILE].reverse(), empty };
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

/** Arguments are pairs of a setting and its former value. */
const RESTORE_SYSCTLS = `
while [ $# -gt 0 ]; do
  file=/proc/sys/$(echo "$1" | sed 'y/./\\//')
  [ "$(tr '\\t' ' ' < "$file" 2>/dev/null)" = "$2" ] || echo "$2" > "$file" 2>/dev/null || true
  shift 2
done
`;

/** Puts folders and kernel settings back to what the ledger says, and the ledger itself last. */
export const restore: Phase = {
  id: 'restore',
  title: 'Put back what was there before',
  on: everywhere,
  after: ['uninstall'],
  decide: wasChanged,
  async run({ host, subject, signal }) {
    const settings = Object.entries(subject.ledger?.sysctls ?? {}).flat();
    await host.change({ ...script(RESTORE_SYSCTLS, ...settings), sudo: true }, signal);
    const { remove, empty } = leftovers(subject);
    await host.change({ ...script(CLEAN, String(remove.length), ...remove, ...empty), sudo: true }, signal);
  },
};
