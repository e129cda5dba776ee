/** Where kboot keeps its state on a machine. The ledger's and the blobs' places follow from it. */
export const STATE_DIR = '/var/lib/kboot';
/** The firewall's tables and chains before the cluster, one `family table` or `family table chain` a line. */
export const TABLES_BEFORE = `${STATE_DIR}/nft-tables`;
export const LEDGER = `${STATE_DIR}/ledger.json`;
export const BLOBS_DIR = `${STATE_DIR}/blobs/sha256`;
/** Root-only files that must not outlive a boot: kubeadm's configuration with the token, its output, the lock. */
export const RUN_DIR = '/run/kboot';
/** Written by the transient unit when kubeadm init or join came to its end. */
export const INITIALISED = `${STATE_DIR}/initialised`;
export const JOINED = `${STATE_DIR}/joined`;

export const CONTAINERD_DIR = '/var/lib/containerd';
export const CONTAINERD_BLOBS = `${CONTAINERD_DIR}/io.containerd.content.v1.content/blobs/sha256`;
export const CHECKOUT_ROOT = '/var/lib/containers/atomic';
/** The root filesystem of the active deployment of the kubelet's image. */
export const KUBELET_ROOTFS = `${CHECKOUT_ROOT}/kubelet/rootfs`;
export const LAYER_STORE = `${CHECKOUT_ROOT}/.storage`;

/** Where layers go: as they are sent, and unpacked. */
export const DISK_PLACES = [STATE_DIR, CHECKOUT_ROOT] as const;

export const ADMIN_CONF = '/etc/kubernetes/admin.conf';
export const BOOTSTRAP_KUBELET_CONF = '/etc/kubernetes/bootstrap-kubelet.conf';
export const KUBELET_CONF = '/etc/kubernetes/kubelet.conf';
export const PKI = '/etc/kubernetes/pki';
/** Certificates while they are made, and those that they take the place of. */
export const PKI_NEW = `${PKI}.kboot-new`;
export const PKI_OLD = `${PKI}.kboot-old`;
export const CA_CERTIFICATE = `${PKI}/ca.crt`;
/** The kubelet's own, with its key; it makes another when a tenth to a third of its life is left. */
export const KUBELET_CERTIFICATE = '/var/lib/kubelet/pki/kubelet-client-current.pem';

/** What only this cluster's programs write to, on every machine: the kubelet, containerd, CNI's flannel. */
const OWNED = [
  '/etc/cni/net.d/10-flannel.conflist',
  ...['/var/lib/kubelet', CONTAINERD_DIR, CHECKOUT_ROOT, '/var/log/pods', '/var/log/containers'],
  ...['/run/containerd', '/run/nri', '/run/flannel', '/run/xtables.lock'],
] as const;

const ETCD_DATA = '/var/lib/etcd';

/** Paths that reset deletes with all that is in them, or empties where they were empty before; etcd's on a master. */
export const ownedPaths = (role: 'master' | 'node'): readonly string[] =>
  role === 'master' ? [...OWNED, ETCD_DATA] : OWNED;

/** Directories in which others put files as well, before the cluster or after it: reset removes them only while empty. */
const SHARED_WITH_OTHERS = [
  ...['/etc/kubernetes', '/etc/cni', '/etc/cni/net.d', '/etc/containerd'],
  ...['/opt/cni', '/opt/cni/bin', '/opt/containerd', '/var/lib/cni', '/var/lib/calico'],
  ...['/var/lib/containers', '/usr/libexec/kubernetes', '/run/runc', '/run/netns', '/run/cni'],
] as const;

/**
 * Everything outside kboot's own folders that a cluster's programs make on a machine. Parents come before children.
 * What was there before stays.
 */
export const CLUSTER_PATHS: readonly string[] = [...SHARED_WITH_OTHERS, ...OWNED, ETCD_DATA, STATE_DIR];

export const isShared = (path: string): boolean => (SHARED_WITH_OTHERS as readonly string[]).includes(path);

/**
 * Directories which the pods of the control plane and kube-proxy mount and which are made where they do not exist.
 * Others put files there too (certificates, kernel modules): reset removes them only while they are empty. Parents
 * come before children.
 */
export const SHARED_DIRS = ['/etc/ssl', '/etc/ssl/certs', '/lib/modules'] as const;
