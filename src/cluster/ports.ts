import { DEFAULTS } from '../config/defaults.ts';

/** Where kube-apiserver listens on every master. */
export const API_PORT = DEFAULTS.apiPort;

export const ETCD_CLIENT_PORT = 2379;
export const ETCD_PEER_PORT = 2380;
export const KUBELET_PORT = 10250;
export const CONTROLLER_MANAGER_PORT = 10257;
export const SCHEDULER_PORT = 10259;

/** TCP port of flanneld's health check, on 127.0.0.1 of every machine. */
export const FLANNEL_HEALTHZ_PORT = 8472;

/** UDP port of flannel's VXLAN (the kernel's, not the one that IANA gave it). */
export const VXLAN_PORT = 8472;

const KUBELET_HEALTHZ_PORT = 10248;
const KUBE_PROXY_METRICS_PORT = 10249;
const KUBE_PROXY_HEALTHZ_PORT = 10256;

const NODE_PORTS = [
  KUBELET_PORT,
  KUBELET_HEALTHZ_PORT,
  KUBE_PROXY_METRICS_PORT,
  KUBE_PROXY_HEALTHZ_PORT,
  FLANNEL_HEALTHZ_PORT,
] as const;

const MASTER_PORTS = [
  API_PORT,
  ETCD_CLIENT_PORT,
  ETCD_PEER_PORT,
  CONTROLLER_MANAGER_PORT,
  SCHEDULER_PORT,
] as const;

/** TCP ports that must be free on a machine before it becomes part of a cluster. */
export const portsOf = (role: 'master' | 'node'): readonly number[] =>
  role === 'master' ? [...MASTER_PORTS, ...NODE_PORTS] : NODE_PORTS;
