import { describe, expect, it } from 'vitest';
import { removeNode } from '../../src/phases/reset/leave.ts';
import { cleanNetwork } from '../../src/phases/reset/network.ts';
import { RESET } from '../../src/phases/reset/recipes.ts';
import { stopCluster } from '../../src/phases/reset/stop.ts';
import { BUNDLE, clusterStateOf, EMPTY_LEDGER, stateWith } from '../helpers/cluster-state.ts';
import { contextWith } from '../helpers/phase-context.ts';

const master = stateWith('master.example.com', 'master', { ledger: { ...EMPTY_LEDGER, role: 'master' } });
const node = stateWith('node1.example.com', 'node', { ledger: { ...EMPTY_LEDGER, links: ['cni0'] } });
const untouched = stateWith('node2.example.com', 'node');
const alone = stateWith('node3.example.com', 'node', { containers: [{ name: 'theirs' }] as never });

describe('what reset does', () => {
  it.each([
    ['of a master', master, ['stop', 'clean-network', 'uninstall', 'restore']],
    ['of a node', node, ['stop', 'clean-network', 'uninstall', 'restore']],
    ['of a machine that kboot never changed', untouched, []],
    ['of a machine with a container but no cluster', alone, ['uninstall']],
  ])('%s', (_what, state, phases) => {
    const clusterState = clusterStateOf(state);
    const runs = RESET.filter((phase) => phase.decide(state, clusterState, BUNDLE).run);
    expect(runs.map(({ id }) => id)).toEqual(phases);
  });
});

it.each([
  ['a master', master, ['containerd.service', 'etcd.service', 'kubelet.service']],
  ['a node, whose etcd is somebody else’s', node, ['containerd.service', 'kubelet.service']],
])('stops the units of %s', async (_what, state, units) => {
  const context = contextWith({ clusterState: clusterStateOf(state), state });
  context.host.on(/^sudo stop-cluster\.sh /);
  await stopCluster.run(context);
  expect(context.host.calls[0]?.command.argv.slice(4)).toEqual(units);
});

it('takes only those links away that were not there before', async () => {
  const context = contextWith({ clusterState: clusterStateOf(master, node), state: node });
  context.host.on(/^sudo delete-links\.sh /).on(/^sudo clean-firewall\.sh /);
  await cleanNetwork.run(context);
  expect(context.host.calls[0]?.command.argv.slice(4)).toEqual(['flannel.1']);
});

it('has the cluster forget a node, by the leader', async () => {
  const context = contextWith({ clusterState: clusterStateOf(master, node), state: node });
  context.leader.on(/delete node/);
  await removeNode(stopCluster).run(context);
  expect(context.host.calls).toEqual([]);
  expect(context.leader.transcript).toEqual([
    expect.stringMatching(/^! sudo kubectl .* delete node node1\.example\.com --ignore-not-found$/),
  ]);
});
