import type { BundleImage, BundleLock } from '../../src/bundle/lock.ts';
import type { Bundle } from '../../src/bundle/open.ts';
import type { Cluster, Machine } from '../../src/config/cluster.ts';
import type { Facts } from '../../src/facts/facts.ts';
import type { Ledger } from '../../src/facts/ledger.ts';
import type { ClusterState, MachineState } from '../../src/session/state.ts';

/** Facts of a machine on which nothing is wrong and nothing was done. */
export function factsWith(changed: Partial<Facts> = {}): Facts {
  return {
    machine: 'x86_64',
    kernel: '6.1.0',
    hostname: 'master.example.com',
    os: 'Debian GNU/Linux 12 (bookworm)',
    systemd: true,
    missingTools: [],
    clockSkewMs: 0,
    clockMs: Date.parse('2026-01-01T00:00:00Z'),
    cpus: 2,
    memoryKiB: 4_000_000,
    swap: [],
    machineId: 'a'.repeat(32),
    cgroup: 'v2',
    capabilityBounds: '000001ffffffffff',
    openFiles: 1_048_576,
    addresses: [{ link: 'eth0', address: '10.0.0.10', prefix: 24 }],
    defaultSource: '10.0.0.10',
    sshAddress: '10.0.0.10',
    routes: [{ destination: '10.0.0.0/24', link: 'eth0' }],
    links: ['lo', 'eth0'],
    listeners: [{ port: 22, program: 'sshd' }],
    readOnly: [],
    freeKiB: 50_000_000,
    disks: new Map(),
    conntrackMaxWritable: true,
    ipForward: true,
    sysctls: { 'net.ipv4.ip_forward': '1' },
    resolvedRunning: false,
    kernelModules: { overlay: 'builtin', br_netfilter: 'builtin' },
    endpointAddress: '10.0.0.10',
    apiServer: undefined,
    certificates: [],
    topLevel: ['dev', 'etc', 'home', 'proc', 'run', 'sys', 'tmp', 'usr', 'var'],
    present: new Set(),
    empty: new Set(),
    runFiles: [],
    active: new Set(),
    ledger: undefined,
    clusterCa: undefined,
    staged: new Map(),
    contents: new Set(),
    images: {},
    layers: new Set(),
    ...changed,
  };
}

/** A machine of a cluster file. */
export function machineWith(name: string, role: Machine['role']): Machine {
  return {
    name,
    role,
    address: undefined,
    ssh: { host: name, port: undefined, user: undefined, identityFile: undefined },
    workloads: role === 'node',
  };
}

/** A fresh machine of this run. */
export function stateWith(
  name: string,
  role: Machine['role'],
  changed: Partial<MachineState> = {},
): MachineState {
  return {
    machine: machineWith(name, role),
    address: '10.0.0.10',
    facts: factsWith({ machineId: Buffer.from(name).toString('hex') }),
    ledger: undefined,
    containers: [],
    leftTokens: [],
    ...changed,
  };
}

/** A cluster of these machines, the first of them its master. */
export function clusterStateOf(master: MachineState, ...others: readonly MachineState[]): ClusterState {
  const states = [master, ...others];
  const of = (role: Machine['role']) => states.map(({ machine }) => machine).filter((m) => m.role === role);
  const cluster: Cluster = {
    file: '/etc/clusters/kboot.yaml',
    name: 'kboot',
    kubernetes: undefined,
    endpoint: `${master.machine.name}:6443`,
    endpointIsDefault: true,
    bundle: { path: undefined, digest: undefined },
    ssh: { config: undefined, knownHosts: undefined, hostKeys: 'accept-new' },
    network: {
      pods: '10.244.0.0/16',
      services: '10.96.0.0/12',
      dnsDomain: 'cluster.local',
      backend: 'vxlan',
    },
    masters: of('master'),
    nodes: of('node'),
    allowSwap: false,
    waitMs: 600_000,
  };
  const masters = states.filter(({ machine }) => machine.role === 'master');
  return { cluster, states, masters, leader: master };
}

/** `sha256:` and a digit 64 times: a digest that is easy to read in a failure. */
export const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;

const layer = (digit: string, unpackedSize: number) => ({
  digest: digestOf(digit),
  size: 100,
  diffId: digestOf(digit),
  unpackedSize,
});

const image = (
  name: string,
  kind: BundleImage['kind'],
  digit: string,
  layers: BundleImage['layers'],
  roles: BundleImage['roles'] = ['master', 'node'],
): BundleImage => ({
  name,
  kind,
  roles,
  manifest: { digest: digestOf(digit), size: 10 },
  config: { digest: digestOf(digit).replace(/.$/, '0'), size: 10 },
  layers,
});

/** A bundle in which kubelet and kube-proxy share layer 1, as in the real one. */
export const LOCK: BundleLock = {
  apiVersion: 'kboot/v1',
  kind: 'Bundle',
  kubernetes: 'v1.37.2',
  arch: 'amd64',
  source: 'modules',
  versions: { etcd: 'v3.7.3' },
  images: [
    image('kboot/node-runtime:v1.37.2', 'system', 'a', [layer('0', 1000)]),
    image('kboot/etcd:v1.37.2', 'system', 'b', [layer('2', 1000)], ['master']),
    image('kboot/kubelet:v1.37.2', 'system', 'c', [layer('1', 1000)]),
    image('registry.k8s.io/pause:3.10.2', 'pod', 'd', [layer('3', 1000)]),
    image('registry.k8s.io/kube-apiserver:v1.37.2', 'pod', 'e', [layer('4', 1000)], ['master']),
    image('registry.k8s.io/kube-proxy:v1.37.2', 'pod', 'f', [layer('1', 1000)]),
  ],
  manifests: [],
};

/** A bundle that is only described: its files are not there. */
export const BUNDLE: Bundle = {
  dir: '/bundle',
  lock: LOCK,
  digest: digestOf('7'),
  blobPath: (digest) => `/bundle/blobs/${digest}`,
  readManifest: () => Promise.reject(new Error('this bundle has no files')),
};

/** The ledger of a node that had nothing of a cluster before. */
export const EMPTY_LEDGER: Ledger = {
  ...{ version: 1, cluster: 'kboot', role: 'node', createdAt: '', sysctls: {} },
  ...{ kept: [], empty: [], links: [], modules: [] },
};
