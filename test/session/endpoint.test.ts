import { describe, expect, it } from 'vitest';
import { INITIALISED } from '../../src/cluster/paths.ts';
import type { Facts } from '../../src/facts/facts.ts';
import { laterMachines } from '../../src/plan/preflight/network.ts';
import { askForEndpoint, chooseEndpoint, isEndpointOpen } from '../../src/session/endpoint.ts';
import { clusterStateOf, factsWith, machineWith, stateWith } from '../helpers/cluster-state.ts';
import { FakeHost } from '../helpers/fake-host.ts';

const NAME = 'master.example.com';
const at = (...addresses: (string | undefined)[]) =>
  addresses.map((address, index) => ({ machine: `node${index + 1}`, address }));

function madeWith(facts: Partial<Facts>, written?: string) {
  const master = stateWith(NAME, 'master', { facts: factsWith(facts) });
  const { cluster } = clusterStateOf(master);
  return {
    master,
    cluster: written === undefined ? cluster : { ...cluster, endpoint: written, endpointIsDefault: false },
  };
}

describe('the endpoint', () => {
  it.each([
    ['the name where all know the master by it', {}, at('10.0.0.10', '10.0.0.10'), `${NAME}:6443`],
    [
      'the name where the master itself finds its loopback',
      { endpointAddress: '127.0.1.1' },
      at('10.0.0.10'),
      `${NAME}:6443`,
    ],
    [
      'the address where only the operator knows the name',
      { endpointAddress: undefined },
      at('10.0.0.10'),
      '10.0.0.10:6443',
    ],
    ['the address where one node does not know it', {}, at('10.0.0.10', undefined), '10.0.0.10:6443'],
    ['the address where a node finds another machine', {}, at('10.0.0.99'), '10.0.0.10:6443'],
    [
      'the address where the master finds another machine',
      { endpointAddress: '10.0.0.99' },
      at('10.0.0.10'),
      '10.0.0.10:6443',
    ],
    ['the address where a node finds its own loopback', {}, at('127.0.1.1'), '10.0.0.10:6443'],
    ['the address where nobody but the master was asked', {}, [], '10.0.0.10:6443'],
    ['that of a cluster which is made already', { apiServer: `${NAME}:6443` }, [], `${NAME}:6443`],
    [
      'that of a cluster which was made half',
      { apiServer: '10.0.0.10:6443' },
      at('10.0.0.10'),
      '10.0.0.10:6443',
    ],
  ] as const)('is %s', (_case, facts, others, expected) => {
    const { master, cluster } = madeWith(facts);
    expect(chooseEndpoint(cluster, master, others)).toBe(expected);
  });

  it('is what kboot.yaml says, whatever machines make of it', () => {
    const { master, cluster } = madeWith({ apiServer: 'old:6443' }, 'api.example.com:443');
    expect(chooseEndpoint(cluster, master, at(undefined))).toBe('api.example.com:443');
  });

  it.each([
    ['a fresh master that knows the name', {}, undefined, true],
    ['a master that does not know it', { endpointAddress: undefined }, undefined, false],
    ['a cluster that is made', { present: new Set([INITIALISED]) }, undefined, false],
    ['a cluster that is made half', { apiServer: 'x:6443' }, undefined, false],
    ['an endpoint that is written', {}, 'api.example.com:443', true],
    ['an address that is written', {}, '10.0.0.10:6443', false],
  ] as const)('is asked for: %s', (_case, facts, written, expected) => {
    const { master, cluster } = madeWith(facts, written);
    expect(isEndpointOpen(cluster, master)).toBe(expected);
  });

  it('is asked of machines that can be reached, without changing them', async () => {
    const { cluster } = madeWith({});
    const hosts: Record<string, FakeHost> = {
      node1: new FakeHost('node1').on(/^resolve\.sh /, '10.0.0.10\n'),
      node2: new FakeHost('node2').on(/^resolve\.sh /, ''),
      node4: new FakeHost('node4').on(/^resolve\.sh /, '$(reboot)\n'),
    };
    const machines = ['node1', 'node2', 'node3', 'node4'].map((name) => machineWith(name, 'node'));
    const found = await askForEndpoint(cluster, machines, {
      connect: async ({ name }) => hosts[name] ?? Promise.reject(new Error('unreachable')),
      limit: 2,
      signal: new AbortController().signal,
    });
    expect(found).toEqual([
      { machine: 'node1', address: '10.0.0.10' },
      { machine: 'node2', address: undefined },
      { machine: 'node4', address: undefined },
    ]);
    for (const host of Object.values(hosts)) {
      expect(host.transcript).toHaveLength(1);
      expect(host.disposed).toBe(true);
    }
  });

  it('that is written must be known to the machines that are to join', () => {
    const { cluster } = madeWith({}, 'api.example.com:443');
    expect(laterMachines(cluster, at('10.0.0.10', undefined))).toMatchObject([
      { severity: 'error', host: 'node2', what: 'it cannot resolve the endpoint api.example.com' },
    ]);
  });
});
