import { expect, it } from 'vitest';
import { unitsOf } from '../../src/cluster/components.ts';
import { CLUSTER_PATHS, STATE_DIR } from '../../src/cluster/paths.ts';
import { leftovers } from '../../src/phases/put-back.ts';

const withPaths = (kept: string[], empty: string[] = [], role: 'master' | 'node' = 'node') =>
  leftovers({ role, kept, empty });

it('takes away everything that the cluster made, children before their parents', () => {
  const { remove, prune } = withPaths([], [], 'master');
  for (const path of CLUSTER_PATHS.filter((path) => path !== STATE_DIR))
    expect([...remove, ...prune]).toContain(path);
  expect(prune.indexOf('/etc/cni/net.d')).toBeLessThan(prune.indexOf('/etc/cni'));
});

it('never removes the ledger with the rest: it goes last', () => {
  expect(withPaths([]).remove).not.toContain(STATE_DIR);
});

it('never deletes a folder with all that is in it which others use as well', () => {
  const { remove } = withPaths([]);
  for (const path of [
    '/etc/cni',
    '/opt/cni/bin',
    '/var/lib/cni',
    '/var/lib/containers',
    '/run/netns',
    '/run/runc',
  ]) {
    expect(remove).not.toContain(path);
  }
});

it('leaves what was there before', () => {
  const { remove, prune } = withPaths(['/etc/cni', '/etc/cni/net.d', '/var/lib/kubelet']);
  expect(prune).not.toContain('/etc/cni');
  expect(prune).not.toContain('/etc/cni/net.d');
  expect(remove).not.toContain('/var/lib/kubelet');
  expect(remove).toContain('/etc/cni/net.d/10-flannel.conflist');
});

it('takes only kubeadm’s files out of /etc/kubernetes', () => {
  const { remove } = withPaths(['/etc/kubernetes']);
  expect(remove).not.toContain('/etc/kubernetes');
  expect(remove).toContain('/etc/kubernetes/pki');
});

it('knows etcd on masters only', () => {
  expect(withPaths([]).remove).not.toContain('/var/lib/etcd');
  expect(withPaths(['/var/lib/etcd'], ['/var/lib/etcd']).empty).toEqual([]);
  expect(withPaths([], [], 'master').remove).toContain('/var/lib/etcd');
  expect([unitsOf('node'), unitsOf('master')].map((units) => units.includes('etcd.service'))).toEqual([
    false,
    true,
  ]);
});

it('empties what was empty, but for what others use as well', () => {
  const empty = ['/var/lib/etcd', '/var/lib/containers'];
  expect(withPaths(empty, empty, 'master').empty).toEqual(['/var/lib/etcd']);
});

it('removes a folder that others use as well only if it was not there, and only while it is empty', () => {
  const { prune, remove } = withPaths([]);
  expect(prune.slice(-3)).toEqual(['/lib/modules', '/etc/ssl/certs', '/etc/ssl']);
  expect(withPaths(['/lib/modules', '/etc/ssl']).prune.at(-1)).toEqual('/etc/ssl/certs');
  expect(remove).not.toContain('/lib/modules');
});
