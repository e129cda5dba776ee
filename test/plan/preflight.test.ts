import { describe, expect, it } from 'vitest';
import { INITIALISED, JOINED } from '../../src/cluster/paths.ts';
import type { Facts } from '../../src/facts/facts.ts';
import type { Ledger } from '../../src/facts/ledger.ts';
import { preflight, refuseErrors } from '../../src/plan/preflight/preflight.ts';
import type { MachineState } from '../../src/session/state.ts';
import { BUNDLE, clusterStateOf, EMPTY_LEDGER, factsWith, stateWith } from '../helpers/cluster-state.ts';

const master = (facts: Partial<Facts> = {}, more: Partial<MachineState> = {}): MachineState =>
  stateWith('master.example.com', 'master', { facts: factsWith(facts), ...more });
const node = (facts: Partial<Facts> = {}, more: Partial<MachineState> = {}): MachineState =>
  stateWith('node1.example.com', 'node', { facts: factsWith({ machineId: 'n', ...facts }), ...more });

const problemsOf = (...states: Parameters<typeof clusterStateOf>) =>
  preflight(clusterStateOf(...states), BUNDLE);
const ledgerOf = (changed: Partial<Ledger>): Ledger => ({ ...EMPTY_LEDGER, ...changed });

it('has nothing to say about a good machine', () => {
  expect(problemsOf(master(), node())).toEqual([]);
});

describe('errors', () => {
  it.each<[string, Partial<Facts>, string]>([
    ['no systemd', { systemd: false }, 'systemd does not run it'],
    ['tools', { missingTools: ['ss', 'flock'] }, 'commands are missing: ss, flock'],
    ['architecture', { machine: 'aarch64' }, 'its architecture is arm64, the bundle is for amd64'],
    ['CPU', { cpus: 1 }, 'it has 1 CPU, a master needs 2'],
    ['memory', { memoryKiB: 1_000_000 }, 'it has 977 MiB of memory, a master needs 1700 MB'],
    ['swap', { swap: ['/dev/sda2'] }, 'it swaps to /dev/sda2'],
    ['disk', { freeKiB: 1000 }, '/var/lib has 0.0 GB free, 1.0 GB are needed'],
    ['a read-only /opt', { readOnly: ['/opt', '/opt/bin'] }, '/opt cannot be written'],
    ['no place for programs', { readOnly: ['/usr/local/bin', '/opt/bin'] }, '/opt/bin cannot be written'],
    ['no place for units', { readOnly: ['/etc/systemd/system'] }, '/etc/systemd/system cannot be written'],
    [
      'a read-only /usr without kernel modules',
      { readOnly: ['/usr', '/lib'] },
      '/lib/modules does not exist, and /usr is read-only',
    ],
    [
      "another's containerd",
      { active: new Set(['containerd.service']) },
      'a containerd runs on it that is not from kboot',
    ],
    ['port', { listeners: [{ port: 6443, program: 'haproxy' }] }, 'haproxy listens on port 6443'],
    ['flanneld’s port', { listeners: [{ port: 8472, program: 'x' }] }, 'x listens on port 8472'],
    ['endpoint', { endpointAddress: undefined }, 'it cannot resolve the endpoint master.example.com'],
    [
      'pod network',
      { routes: [{ destination: '10.244.3.0/24', link: 'eth1' }] },
      'network.pods 10.244.0.0/16 overlaps its own route 10.244.3.0/24 (eth1)',
    ],
    [
      'service network inside a route',
      { routes: [{ destination: '10.0.0.0/8', link: 'eth1' }] },
      'network.services 10.96.0.0/12 overlaps its own route 10.0.0.0/8 (eth1)',
    ],
    ['another cluster', { clusterCa: 'x' }, 'it belongs to a cluster that kboot did not make'],
  ])('%s', (_name, facts, what) => {
    const found = problemsOf(master(facts)).filter(({ severity }) => severity === 'error');
    expect(found.map((problem) => problem.what)).toContain(what);
    for (const { remedy } of found) expect(remedy).not.toBe('');
  });

  it('a machine of another cluster of kboot, by its name and by its CA', () => {
    const other = node({}, { ledger: ledgerOf({ cluster: 'other' }) });
    expect(problemsOf(master(), other)).toMatchObject([{ what: 'it belongs to the cluster other' }]);
    const sameName = node({ present: new Set([JOINED]), clusterCa: 'b' }, { ledger: ledgerOf({}) });
    const initialised = master(
      { present: new Set([INITIALISED]), clusterCa: 'a' },
      { ledger: ledgerOf({ role: 'master' }) },
    );
    expect(problemsOf(initialised, sameName)).toMatchObject([
      { host: 'node1.example.com', what: 'it belongs to another cluster than master.example.com' },
    ]);
  });

  it('two names for one machine, and clocks that differ', () => {
    const found = problemsOf(master({ machineId: 'same' }), node({ machineId: 'same', clockSkewMs: 90_000 }));
    expect(found.map(({ host, what }) => `${host}: ${what}`)).toEqual([
      'master.example.com: its machine id is also that of node1.example.com',
      'node1.example.com: its clock is 90 s away from that of master.example.com',
      'node1.example.com: its machine id is also that of master.example.com',
    ]);
  });

  it('an address that is not its own', () => {
    const state = master();
    const found = problemsOf({ ...state, machine: { ...state.machine, address: '10.9.9.9' } });
    expect(found).toMatchObject([{ what: 'it does not have the address 10.9.9.9' }]);
  });
});

it('warns without refusing', () => {
  const found = problemsOf(
    master({ cgroup: 'v1', active: new Set(['docker.service', 'firewalld.service']) }),
  );
  expect(found.map(({ severity }) => severity)).toEqual(['warning', 'warning', 'warning']);
  expect(() => refuseErrors(found)).not.toThrow();
});

it('warns where kboot.yaml and the cluster name different endpoints', () => {
  expect(problemsOf(master({ apiServer: 'api.example.com:6443' }))).toMatchObject([
    {
      severity: 'warning',
      what: 'the endpoint is master.example.com:6443 in kboot.yaml, and api.example.com:6443 in the cluster',
    },
  ]);
});

it('does not ask for the first master’s name where the cluster has another endpoint', () => {
  const made = master({ endpointAddress: undefined, apiServer: 'api.example.com:6443' });
  const clusterState = clusterStateOf(made, node({ endpointAddress: undefined }));
  const cluster = { ...clusterState.cluster, endpoint: 'api.example.com:6443' };
  expect(preflight({ ...clusterState, cluster }, BUNDLE)).toEqual([]);
});

it('does not mind the routes and ports of its own cluster', () => {
  const routes = [{ destination: '10.244.0.0/24', link: 'cni0' }];
  const listeners = [{ port: 10250, program: 'kubelet' }];
  expect(problemsOf(master(), node({ routes, listeners }, { ledger: ledgerOf({}) }))).toEqual([]);
});

it('refuses with every error at once, each with its remedy', () => {
  const found = problemsOf(master({ systemd: false, cpus: 1 }), node({ swap: ['/swap'] }));
  expect(() => refuseErrors(found)).toThrow(
    [
      'nothing was changed: 3 problems',
      '  master.example.com: systemd does not run it',
      '    kboot needs a machine that was booted by systemd',
      '  master.example.com: it has 1 CPU, a master needs 2',
    ].join('\n'),
  );
});
