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
export const LAYER_STORE = `${CHECKOUT_ROOT}/.storage`;

export const ADMIN_CONF = '/etc/kubernetes/admin.conf';
export const BOOTSTRAP_KUBELET_CONF = '/etc/kubernetes/bootstrap-kubelet.conf';
export const KUBELET_CONF = '/etc/kubernetes/kubelet.conf';
export const PKI = '/etc/kubernetes/pki';
export const CA_CERTIFICATE = `${PKI}/ca.crt`;
/** The kubelet's own, with its key; it makes another when a tenth to a third of its life is left. */
export const KUBELET_CERTIFICATE = '/var/lib/kubelet/pki/kubelet-client-current.pem';

/**
 * Everything outside kboot's own folders that a cluster's programs make on a machine: the kubelet, containerd,
 * CNI, flannel, etcd. Parents come before children. Reset removes those that were not there before.
 */
export const CLUSTER_PATHS = [
  ...[
    '/etc/kubernetes',
    '/etc/cni',
    '/etc/cni/net.d',
    '/etc/cni/net.d/10-flannel.conflist',
    '/etc/containerd',
  ],
  ...['/opt/cni', '/opt/cni/bin', '/opt/containerd'],
  ...['/var/lib/kubelet', '/var/lib/etcd', CONTAINERD_DIR, '/var/lib/cni', '/var/lib/calico'],
  ...['/var/lib/containers', CHECKOUT_ROOT, STATE_DIR],
  ...['/var/log/pods', '/var/log/containers', '/usr/libexec/kubernetes'],
  ...[
    '/run/containerd',
    '/run/nri',
    '/run/flannel',
    '/run/runc',
    '/run/netns',
    '/run/cni',
    '/run/xtables.lock',
  ],
] as const;

/**
 * Directories which the pods of the control plane and kube-proxy mount and which are made where they do not exist.
 * Others put files there too (certificates, kernel modules): reset removes them only while they are empty. Parents
 * come before children.
 */
export const SHARED_DIRS = ['/etc/ssl', '/etc/ssl/certs', '/lib/modules'] as const;
