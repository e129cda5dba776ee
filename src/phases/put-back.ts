import { unitsOf } from '../cluster/components.ts';
import {
  CLUSTER_PATHS,
  isShared,
  LEDGER,
  ownedPaths,
  PKI,
  PKI_NEW,
  PKI_OLD,
  SHARED_DIRS,
  STATE_DIR,
} from '../cluster/paths.ts';
import type { Ledger } from '../facts/ledger.ts';
import type { Host } from '../host/host.ts';
import { remoteScript } from '../host/remote-script.ts';
import { MODULES_FILE, SYSCTL_FILE } from './kernel.ts';
import { unloadModules } from './modules.ts';

/** What kubeadm writes into a folder that was there before the cluster, with content of somebody else's. */
const KUBEADM_FILES = [
  ...['admin.conf', 'super-admin.conf', 'kubelet.conf', 'bootstrap-kubelet.conf'],
  ...['controller-manager.conf', 'scheduler.conf', 'manifests', 'tmp'],
]
  .map((name) => `/etc/kubernetes/${name}`)
  .concat(PKI, PKI_NEW, PKI_OLD);

/** What the cluster's programs put into folders that others use as well. */
const OWN_ENTRIES = [
  '/var/lib/cni/flannel',
  '/var/lib/cni/networks/cbr0',
  '/run/runc/kubelet',
  '/run/runc/etcd',
];

/** Directories that they make in such folders and leave empty, children before their parents. */
const OWN_DIRECTORIES = [
  ...['/var/lib/cni/networks', '/var/lib/cni/results', '/opt/containerd/bin', '/opt/containerd/lib'],
  ...['volume/exec', 'volume', ''].map((name) =>
    `/usr/libexec/kubernetes/kubelet-plugins/${name}`.replace(/\/$/, ''),
  ),
];

/** What to delete, what to empty, what to delete if it is empty: everything of the cluster that was not there before. */
export function leftovers({ role, kept, empty }: Pick<Ledger, 'role' | 'kept' | 'empty'>): {
  remove: readonly string[];
  empty: readonly string[];
  prune: readonly string[];
} {
  const before = new Set(kept);
  const isNew = (path: string): boolean => !before.has(path);
  const owned = ownedPaths(role);
  return {
    remove: [...KUBEADM_FILES, ...OWN_ENTRIES, ...owned.filter(isNew), MODULES_FILE, SYSCTL_FILE],
    empty: empty.filter((path) => owned.includes(path)),
    prune: [
      ...OWN_DIRECTORIES,
      ...CLUSTER_PATHS.filter((path) => isShared(path) && isNew(path)).reverse(),
      ...SHARED_DIRS.filter(isNew).reverse(),
    ],
  };
}

/**
 * Puts folders, kernel settings and kernel modules back to what the ledger says, and takes the ledger itself away last.
 * Resolves with sentences about what could not be put back.
 */
export async function putBack(host: Host, ledger: Ledger, signal: AbortSignal): Promise<readonly string[]> {
  const run = (name: string, ...args: readonly string[]) =>
    host.change({ ...remoteScript(`phases/${name}`, ...args), sudo: true }, signal);
  const { remove, empty, prune } = leftovers(ledger);
  await run('restore-sysctls', ...Object.entries(ledger.sysctls).flat());
  await run('remove-leftovers', String(remove.length), ...remove, ...empty);
  // After the file that has them loaded at boot, before the ledger that knows them.
  const notes = await unloadModules(host, ledger.modules, signal);
  await run('remove-empty-directories', ...prune);
  await run('finish-reset', STATE_DIR, LEDGER, ...unitsOf(ledger.role));
  return notes;
}
