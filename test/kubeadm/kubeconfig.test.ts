import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { kubeconfigFrom } from '../../src/kubeadm/kubeconfig.ts';

const ADMIN_CONF = stringify({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [
    {
      name: 'kubernetes',
      cluster: { 'certificate-authority-data': 'Q0E=', server: 'https://10.0.0.1:6443' },
    },
  ],
  users: [
    { name: 'kubernetes-admin', user: { 'client-certificate-data': 'Yw==', 'client-key-data': 'aw==' } },
  ],
  contexts: [{ name: 'x', context: { cluster: 'kubernetes', user: 'kubernetes-admin' } }],
  'current-context': 'x',
});

it('names everything after the cluster and points to a server that can be reached', () => {
  expect(parse(kubeconfigFrom(ADMIN_CONF, { name: 'demo', server: 'api.example.com:6443' }))).toEqual({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'demo',
        cluster: { 'certificate-authority-data': 'Q0E=', server: 'https://api.example.com:6443' },
      },
    ],
    users: [{ name: 'demo-admin', user: { 'client-certificate-data': 'Yw==', 'client-key-data': 'aw==' } }],
    contexts: [{ name: 'demo', context: { cluster: 'demo', user: 'demo-admin' } }],
    'current-context': 'demo',
  });
});

it('refuses what is no kubeconfig', () => {
  expect(() => kubeconfigFrom('nonsense', { name: 'demo', server: 's' })).toThrow();
});
