import { expect, it } from 'vitest';
import { certificatesConfig, initConfig, joinConfig } from '../../src/kubeadm/config.ts';
import { parseToken } from '../../src/kubeadm/token.ts';

const cluster = {
  name: 'kboot',
  kubernetes: 'v1.37.2',
  endpoint: 'master.example.com:6443',
  pods: '10.244.0.0/16',
  services: '10.96.0.0/12',
  dnsDomain: 'cluster.local',
  certSANs: ['master.example.com', '10.0.0.10', 'localhost', '127.0.0.1'],
  soleMaster: true,
  waitMs: 600_000,
};
const modern = { name: 'master.example.com', address: '10.0.0.10', cgroup: 'v2', allowSwap: false } as const;
const old = { ...modern, cgroup: 'v1', allowSwap: true } as const;
const token = parseToken('abcdef.0123456789abcdef').value;
const init = {
  token,
  tokenTtl: '15m0s',
  description: 'made by kboot for one run',
  workloads: false,
  etcdEndpoints: ['https://10.0.0.10:2379'],
  conntrackMaxWritable: true,
  ignorePreflightErrors: [],
};

const golden = (name: string): string => `../golden/v1.37/${name}.yaml`;

it('asks for certificates as if etcd were local', async () => {
  await expect(certificatesConfig(cluster, modern)).toMatchFileSnapshot(golden('certificates'));
});

it('initialises a machine with cgroup v2', async () => {
  await expect(initConfig(cluster, modern, init)).toMatchFileSnapshot(golden('init'));
});

it('initialises the single machine of a small cluster, with cgroup v1, swap and no conntrack settings', async () => {
  const settings = {
    ...init,
    workloads: true,
    conntrackMaxWritable: false,
    patches: '/run/kboot/init-patches',
  };
  await expect(initConfig(cluster, old, settings)).toMatchFileSnapshot(golden('init-single-cgroup-v1'));
});

it('joins a node', async () => {
  const join = {
    endpoint: cluster.endpoint,
    token,
    caCertHashes: [`sha256:${'0'.repeat(64)}`],
    ignorePreflightErrors: [],
    waitMs: 900_000,
  };
  await expect(joinConfig({ ...modern, name: 'node1.example.com' }, join)).toMatchFileSnapshot(
    golden('join'),
  );
});

it('leaves the election of leaders quick where another master could take over', () => {
  const of = (soleMaster: boolean) => initConfig({ ...cluster, soleMaster }, modern, init);
  expect(of(true)).toContain('leader-elect-lease-duration');
  expect(of(false)).not.toContain('leader-elect-lease-duration');
});
