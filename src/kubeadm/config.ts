import { stringify } from 'yaml';
import { PKI, PKI_NEW } from '../cluster/paths.ts';
import { API_PORT } from '../cluster/ports.ts';
import type { Secret } from '../lib/secret.ts';

/**
 * kubeadm's own name of this API version, the only one from 1.31 to 1.37:
 * https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4
 */
const API_VERSION = 'kubeadm.k8s.io/v1beta4';

export const CRI_SOCKET = 'unix:///run/containerd/containerd.sock';

/**
 * The default, /usr/libexec/kubernetes/..., lies below /usr: not writable on image-based hosts, and in the
 * kubelet's container a folder of the image instead of the host's.
 */
const VOLUME_PLUGIN_DIR = '/var/lib/kubelet/volumeplugins';

/**
 * The first try comes before the API has its RBAC rules; the default of two seconds, with jitter, makes the next
 * one three seconds late.
 */
const ELECTION_ARGS = { 'leader-elect-retry-period': '1s' };

/**
 * Where there is one master, nobody else can take over, so a lease that is lost because etcd was slow for ten
 * seconds (the default) ends a good process for nothing. A request may take half the deadline. After a reboot the
 * new process waits for the old lease, so it is not longer than this.
 */
const SOLE_ELECTION_ARGS = {
  'leader-elect-lease-duration': '40s',
  'leader-elect-renew-deadline': '30s',
  ...ELECTION_ARGS,
};

/**
 * At its start the controller manager makes a client for each of its controllers, and its default of 20 requests
 * a second stretches that to five seconds, in which nothing in the cluster moves.
 */
const CONTROLLER_MANAGER_ARGS = {
  'flex-volume-plugin-dir': VOLUME_PLUGIN_DIR,
  'kube-api-burst': '200',
  'kube-api-qps': '100',
};

const toArgs = (args: Readonly<Record<string, string>>): readonly { name: string; value: string }[] =>
  Object.entries(args).map(([name, value]) => ({ name, value }));

/** What all machines of the cluster share. */
export interface ClusterSettings {
  readonly name: string;
  readonly kubernetes: string;
  /** `host:port` */
  readonly endpoint: string;
  readonly pods: string;
  readonly services: string;
  readonly dnsDomain: string;
  /** Names and addresses of every master. */
  readonly certSANs: readonly string[];
  /** There is one master only. */
  readonly soleMaster: boolean;
  /** How long kubeadm waits for one thing, in milliseconds. */
  readonly waitMs: number;
}

/** What one machine is told. */
export interface MachineSettings {
  readonly name: string;
  readonly address: string;
  readonly cgroup: 'v1' | 'v2';
  readonly allowSwap: boolean;
}

/** A folder of patches for kubeadm, or none. */
export interface Patches {
  readonly patches?: string;
}

/** YAML text of several documents, in this order. */
export const toYaml = (...documents: readonly object[]): string =>
  documents.map((document) => stringify(document, { lineWidth: 0 })).join('---\n');

function nodeRegistration(machine: MachineSettings, taintless: boolean, ignore: readonly string[]) {
  return {
    name: machine.name,
    criSocket: CRI_SOCKET,
    imagePullPolicy: 'Never',
    ignorePreflightErrors: [...ignoredPreflightErrors(machine), ...ignore],
    kubeletExtraArgs: [{ name: 'node-ip', value: machine.address }],
    ...(taintless && { taints: [] }),
  };
}

/** kubeadm refuses cgroup v1 from 1.35 on; kboot has told the operator and set failCgroupV1. */
const ignoredPreflightErrors = ({ cgroup }: MachineSettings): readonly string[] =>
  cgroup === 'v1' ? ['SystemVerification'] : [];

/** KubeletConfiguration fields in which machines differ; also the content of a patch for a machine that joins. */
export function kubeletSettings({ cgroup, allowSwap }: MachineSettings): Readonly<Record<string, unknown>> {
  return {
    ...(cgroup === 'v1' && { failCgroupV1: false }),
    ...(allowSwap && { failSwapOn: false }),
  };
}

/**
 * kubeadm's waits that depend on how fast a machine is: by default from one minute to five. A Go duration.
 * https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/#kubeadm-k8s-io-v1beta4-Timeouts
 */
function timeouts(waitMs: number) {
  const wait = `${Math.round(waitMs / 1000)}s`;
  return {
    controlPlaneComponentHealthCheck: wait,
    discovery: wait,
    etcdAPICall: wait,
    kubeletHealthCheck: wait,
    kubernetesAPICall: wait,
    tlsBootstrap: wait,
  };
}

function clusterConfiguration(cluster: ClusterSettings, etcd: object) {
  const election = cluster.soleMaster ? SOLE_ELECTION_ARGS : ELECTION_ARGS;
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterConfiguration',
    clusterName: cluster.name,
    kubernetesVersion: cluster.kubernetes,
    controlPlaneEndpoint: cluster.endpoint,
    networking: { podSubnet: cluster.pods, serviceSubnet: cluster.services, dnsDomain: cluster.dnsDomain },
    apiServer: { certSANs: [...cluster.certSANs] },
    controllerManager: { extraArgs: toArgs({ ...CONTROLLER_MANAGER_ARGS, ...election }) },
    scheduler: { extraArgs: toArgs(election) },
    etcd,
  };
}

/**
 * Configuration for `kubeadm init phase certs`: as if etcd were kubeadm's own, so that kubeadm makes etcd's
 * certificates too, in a directory that takes the place of the right one when all are there.
 */
export function certificatesConfig(cluster: ClusterSettings, machine: MachineSettings): string {
  const sans = [machine.name, machine.address];
  return toYaml(
    {
      apiVersion: API_VERSION,
      kind: 'InitConfiguration',
      localAPIEndpoint: { advertiseAddress: machine.address, bindPort: API_PORT },
      nodeRegistration: nodeRegistration(machine, false, []),
    },
    {
      ...clusterConfiguration(cluster, { local: { serverCertSANs: sans, peerCertSANs: sans } }),
      certificatesDir: PKI_NEW,
    },
  );
}

export interface InitSettings {
  /** A token of kboot's own choice. */
  readonly token: Secret;
  /** Life of the token: a Go duration. */
  readonly tokenTtl: string;
  readonly description: string;
  /** Ordinary pods may run on this master. */
  readonly workloads: boolean;
  readonly etcdEndpoints: readonly string[];
  readonly conntrackMaxWritable: boolean;
  readonly ignorePreflightErrors: readonly string[];
}

/** The whole configuration of `kubeadm init`. Holds the token: only for a root-only file or for stdin. */
export function initConfig(
  cluster: ClusterSettings,
  machine: MachineSettings,
  init: InitSettings & Patches,
): string {
  return toYaml(
    {
      apiVersion: API_VERSION,
      kind: 'InitConfiguration',
      bootstrapTokens: [
        {
          token: init.token.reveal(),
          ttl: init.tokenTtl,
          description: init.description,
          usages: ['signing', 'authentication'],
          groups: ['system:bootstrappers:kubeadm:default-node-token'],
        },
      ],
      localAPIEndpoint: { advertiseAddress: machine.address, bindPort: API_PORT },
      nodeRegistration: nodeRegistration(machine, init.workloads, init.ignorePreflightErrors),
      ...(init.patches !== undefined && { patches: { directory: init.patches } }),
      timeouts: timeouts(cluster.waitMs),
    },
    clusterConfiguration(cluster, {
      external: {
        endpoints: [...init.etcdEndpoints],
        caFile: `${PKI}/etcd/ca.crt`,
        certFile: `${PKI}/apiserver-etcd-client.crt`,
        keyFile: `${PKI}/apiserver-etcd-client.key`,
      },
    }),
    {
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      cgroupDriver: 'systemd',
      volumePluginDir: VOLUME_PLUGIN_DIR,
      ...kubeletSettings(machine),
    },
    {
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      ...(!init.conntrackMaxWritable && { conntrack: { maxPerCore: 0 } }),
    },
  );
}

export interface JoinSettings {
  readonly endpoint: string;
  readonly token: Secret;
  /** `sha256:...` pins of the cluster's CA. */
  readonly caCertHashes: readonly string[];
  readonly ignorePreflightErrors: readonly string[];
  /** As in ClusterSettings. */
  readonly waitMs: number;
}

/** The configuration of `kubeadm join` for a node. Holds the token. */
export function joinConfig(machine: MachineSettings, join: JoinSettings & Patches): string {
  return toYaml({
    apiVersion: API_VERSION,
    kind: 'JoinConfiguration',
    discovery: {
      bootstrapToken: {
        token: join.token.reveal(),
        apiServerEndpoint: join.endpoint,
        caCertHashes: [...join.caCertHashes],
      },
    },
    nodeRegistration: nodeRegistration(machine, false, join.ignorePreflightErrors),
    ...(join.patches !== undefined && { patches: { directory: join.patches } }),
    timeouts: timeouts(join.waitMs),
  });
}
