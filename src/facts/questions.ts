import { COMPONENTS } from '../cluster/components.ts';
import {
  ADMIN_CONF,
  BLOBS_DIR,
  CA_CERTIFICATE,
  CLUSTER_PATHS,
  CONTAINERD_BLOBS,
  DISK_PLACES,
  INITIALISED,
  JOINED,
  KUBELET_CERTIFICATE,
  KUBELET_CONF,
  LAYER_STORE,
  LEDGER,
  PKI,
  RUN_DIR,
  SHARED_DIRS,
  TABLES_BEFORE,
} from '../cluster/paths.ts';
import type { Command } from '../host/command.ts';
import { remoteScript } from '../host/remote-script.ts';
import { MAY_BE_READ_ONLY } from '../system-container/index.ts';
import { BRIDGE_MODULES, CONNTRACK_MODULES } from './kernel-modules.ts';

/** Commands a machine must have: what every server install has, by one or two programs of each package. */
export const REQUIRED_TOOLS = [
  ...['systemctl', 'systemd-run', 'systemd-tmpfiles', 'tar', 'gzip', 'sha256sum', 'install', 'chroot', 'tee'],
  ...['mount', 'umount', 'losetup', 'findmnt', 'flock', 'find', 'grep', 'sed', 'awk', 'ip', 'ss'],
] as const;

/** Paths whose existence decides something. */
export const PATHS_OF_INTEREST = [
  ...[ADMIN_CONF, KUBELET_CONF, CA_CERTIFICATE, INITIALISED, JOINED, TABLES_BEFORE],
  ...CLUSTER_PATHS,
  ...SHARED_DIRS,
  '/etc/kubernetes/manifests/kube-apiserver.yaml',
  '/usr/lib/os-release',
  '/usr/share/ca-certificates',
  '/usr/local/share/ca-certificates',
  '/run/docker.sock',
  '/run/crio/crio.sock',
] as const;

export const UNITS_OF_INTEREST = [
  ...Object.values(COMPONENTS).map(({ unit }) => unit),
  ...['docker', 'crio', 'k3s', 'k0scontroller', 'rke2-server', 'firewalld'].map((name) => `${name}.service`),
];

/** Kernel settings which the kubelet, kube-proxy, flannel or kboot may change. */
export const SYSCTLS = [
  'net.ipv4.ip_forward',
  'net.ipv4.conf.all.route_localnet',
  'net.ipv4.conf.default.forwarding',
  'net.ipv4.conf.all.forwarding',
  'net.ipv6.conf.all.forwarding',
  'net.ipv6.conf.default.forwarding',
  'net.bridge.bridge-nf-call-iptables',
  'net.bridge.bridge-nf-call-ip6tables',
  'net.netfilter.nf_conntrack_max',
  'net.netfilter.nf_conntrack_tcp_timeout_established',
  'net.netfilter.nf_conntrack_tcp_timeout_close_wait',
  'vm.overcommit_memory',
  'vm.panic_on_oom',
  'kernel.panic',
  'kernel.panic_on_oops',
  'kernel.keys.root_maxkeys',
  'kernel.keys.root_maxbytes',
] as const;

/** What kboot knows of modules, and what lets a machine do without loading one. */
const MODULES = ['overlay', 'br_netfilter', ...BRIDGE_MODULES, ...CONNTRACK_MODULES] as const;

const words = (list: readonly string[]): string => list.join(' ');

/** Only the clock and the certificates, for verbs that ask for no other fact; parseFacts() reads it too. */
export const certificatesCommand: Command = {
  ...remoteScript('facts/certificates', PKI, KUBELET_CERTIFICATE),
  sudo: true,
};

/** Every question, in one round trip. `endpointHost` is the endpoint's host name, empty to leave that question out. */
export function factsCommand(endpointHost: string): Command {
  return {
    ...remoteScript(
      'facts/facts',
      endpointHost,
      ...[REQUIRED_TOOLS, MAY_BE_READ_ONLY, DISK_PLACES, SYSCTLS, PATHS_OF_INTEREST].map(words),
      ...[CLUSTER_PATHS, UNITS_OF_INTEREST, MODULES].map(words),
      ...[PKI, KUBELET_CERTIFICATE, ADMIN_CONF, CA_CERTIFICATE, RUN_DIR, LEDGER],
      ...[BLOBS_DIR, CONTAINERD_BLOBS, LAYER_STORE],
    ),
    sudo: true,
  };
}
