import { describe, expect, it } from 'vitest';
import { INITIALISED } from '../../src/cluster/paths.ts';
import { certificates } from '../../src/phases/certificates.ts';
import { etcd, etcdStart } from '../../src/phases/etcd.ts';
import type { Phase } from '../../src/phases/phase.ts';
import { clusterReady, nodeReady } from '../../src/phases/ready.ts';
import { verifyToken } from '../../src/phases/verify-token.ts';
import { BUNDLE, clusterStateOf, factsWith, LOCK, stateWith } from '../helpers/cluster-state.ts';
import { contextWith } from '../helpers/phase-context.ts';

const node = stateWith('node1.example.com', 'node');
const fresh = stateWith('master.example.com', 'master');
const revision = LOCK.images.find(({ name }) => name.startsWith('kboot/etcd:'))?.manifest.digest.slice(7);
const done = stateWith('master.example.com', 'master', {
  facts: factsWith({ present: new Set([INITIALISED]), active: new Set(['etcd.service']) }),
  containers: [{ name: 'etcd', revision }] as never,
});

it.each<[string, Phase, RegExp, RegExp]>([
  ['certificates', certificates, /has none yet/, /has them/],
  ['etcd', etcd, /not installed/, /from this bundle/],
  ['etcd-start', etcdStart, /does not run/, /it runs/],
  ['verify-token', verifyToken, /kubeadm init makes one/, /was initialised/],
])('%s: on a fresh master, and where it is done', (id, phase, before, after) => {
  expect(phase.id).toBe(id);
  const decide = (state: typeof fresh) => phase.decide(state, clusterStateOf(state), BUNDLE);
  expect(decide(fresh)).toEqual({ run: true, because: expect.stringMatching(before) });
  expect(decide(done)).toEqual({ run: false, because: expect.stringMatching(after) });
  expect(phase.on(fresh, clusterStateOf(fresh, node))).toBe(true);
  expect(phase.on(node, clusterStateOf(fresh, node))).toBe(false);
});

it('makes the certificates from a configuration that comes by stdin', async () => {
  const context = contextWith();
  context.host.on(/^sudo make-certificates\.sh /);
  await certificates.run(context);
  expect(context.host.calls).toHaveLength(1);
  expect(context.host.calls[0]?.stdin).toContain('kind: ClusterConfiguration');
  expect(context.host.calls[0]?.stdin).toContain('- master.example.com');
  expect(context.host.transcript).toEqual([
    '! sudo make-certificates.sh /etc/kubernetes/pki /etc/kubernetes/pki.kboot-new /etc/kubernetes/pki.kboot-old /run/kboot',
  ]);
});

it('starts etcd, and waits until it serves for as long as kboot.yaml says', async () => {
  const context = contextWith();
  context.host.on('sudo start-units.sh etcd.service').on(/^sudo wait-for-etcd\.sh /);
  await etcdStart.run(context);
  expect(context.told).toEqual(['waiting until etcd serves']);
  const last = context.host.calls.at(-1)?.command;
  expect(last?.argv.slice(-2)).toEqual(['10.0.0.10:2379', '600']);
  expect(last?.timeoutMs).toBeGreaterThan(600_000);
});

describe('waiting for the cluster', () => {
  it('asks for the master and for CoreDNS', async () => {
    const context = contextWith();
    context.host.on(/^sudo kubectl .* wait /);
    await clusterReady.run(context);
    expect(context.host.transcript.map((line) => line.replace(/^.*kubectl /, ''))).toMatchInlineSnapshot(`
      [
        "--kubeconfig /etc/kubernetes/admin.conf --cache-dir=/dev/null wait --for=condition=Ready node/master.example.com --timeout=600s",
        "--kubeconfig /etc/kubernetes/admin.conf --cache-dir=/dev/null wait -n kube-system --for=condition=Available deployment/coredns --timeout=600s",
      ]
    `);
  });

  it('asks the leader for a node, which registers itself first', async () => {
    const context = contextWith({ clusterState: clusterStateOf(done, node), state: node });
    context.leader.on(/^sudo kubectl .* wait /);
    await nodeReady.run(context);
    expect(context.host.calls).toEqual([]);
    expect(context.leader.transcript.map((line) => line.replace(/^.*kubectl /, ''))).toMatchInlineSnapshot(`
      [
        "--kubeconfig /etc/kubernetes/admin.conf --cache-dir=/dev/null wait --for=create node/node1.example.com --timeout=600s",
        "--kubeconfig /etc/kubernetes/admin.conf --cache-dir=/dev/null wait --for=condition=Ready node/node1.example.com --timeout=600s",
      ]
    `);
  });

  it('is done each time, and is no change', () => {
    for (const phase of [clusterReady, nodeReady]) {
      expect(phase.decide(done, clusterStateOf(done), BUNDLE).run).toBe(true);
      expect(phase.check).toBe(true);
    }
  });
});
