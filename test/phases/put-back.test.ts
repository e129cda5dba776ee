import { expect, it } from 'vitest';
import { CLUSTER_PATHS, STATE_DIR } from '../../src/facts/paths.ts';
import { leftovers } from '../../src/phases/put-back.ts';

const ledger = {
  version: 1,
  cluster: 'kboot',
  role: 'node',
  createdAt: '2026-01-01T00:00:00.000Z',
  sysctls: {},
  kept: [],
  empty: [],
  links: [],
} as const;

const withPaths = (kept: string[], empty: string[] = []) => leftovers({ ...ledger, links: [], kept, empty });

it('removes everything that the cluster made, children before their parents', () => {
  const { remove } = withPaths([]);
  for (const path of CLUSTER_PATHS.filter((path) => path !== STATE_DIR)) expect(remove).toContain(path);
  expect(remove.indexOf('/etc/cni/net.d')).toBeLessThan(remove.indexOf('/etc/cni'));
});

it('never removes the ledger with the rest: it goes last', () => {
  expect(withPaths([]).remove).not.toContain(STATE_DIR);
});

it('leaves what was there before', () => {
  const { remove } = withPaths(['/etc/cni', '/etc/cni/net.d']);
  expect(remove).not.toContain('/etc/cni');
  expect(remove).not.toContain('/etc/cni/net.d');
  expect(remove).toContain('/etc/cni/net.d/10-flannel.conflist');
});

it('takes only kubeadm’s files out of an /etc/kubernetes of somebody else', () => {
  const { remove } = withPaths(['/etc/kubernetes']);
  expect(remove).not.toContain('/etc/kubernetes');
  expect(remove).toContain('/etc/kubernetes/pki');
});

it('empties what was empty', () => {
  expect(withPaths(['/var/lib/etcd'], ['/var/lib/etcd']).empty).toEqual(['/var/lib/etcd']);
});

it('removes a folder that others use as well only if it was not there, and only while it is empty', () => {
  expect(withPaths([]).prune).toEqual(['/lib/modules', '/etc/ssl/certs', '/etc/ssl']);
  expect(withPaths(['/lib/modules', '/etc/ssl']).prune).toEqual(['/etc/ssl/certs']);
  expect(withPaths([]).remove).not.toContain('/lib/modules');
});
