import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { kubeconfigFrom } from '../../src/kubeadm/kubeconfig.ts';
import { CA_PEM, CA_PIN, OTHER_CA_PEM } from '../fixtures/ca.ts';
import { expectRightOrClear } from '../helpers/hostile.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const USER = { 'client-certificate-data': 'Yw==', 'client-key-data': 'aw==' };
const CLUSTER = { 'certificate-authority-data': base64(CA_PEM), server: 'https://10.0.0.1:6443' };
const OPTIONS = { name: 'demo', server: 'api.example.com:6443', host: 'm', caCertHashes: [CA_PIN] };

const adminConf = (cluster: object, user: object): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kubernetes', cluster }],
    users: [{ name: 'kubernetes-admin', user }],
    contexts: [{ name: 'x', context: { cluster: 'kubernetes', user: 'kubernetes-admin' } }],
    'current-context': 'x',
  });

const EXPECTED = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [
    {
      name: 'demo',
      cluster: { 'certificate-authority-data': base64(CA_PEM), server: 'https://api.example.com:6443' },
    },
  ],
  users: [{ name: 'demo-admin', user: USER }],
  contexts: [{ name: 'demo', context: { cluster: 'demo', user: 'demo-admin' } }],
  'current-context': 'demo',
};

it('names everything after the cluster and points to a server that can be reached', () => {
  expect(parse(kubeconfigFrom(adminConf(CLUSTER, USER), OPTIONS))).toEqual(EXPECTED);
});

it('takes over nothing by which a machine could run or reach something', () => {
  const evil = adminConf(
    { ...CLUSTER, 'proxy-url': 'http://192.0.2.1', 'insecure-skip-tls-verify': true, 'tls-server-name': 'x' },
    {
      ...USER,
      exec: { command: '/bin/sh', args: ['-c', 'id'] },
      'auth-provider': { name: 'x' },
      tokenFile: '/etc/shadow',
    },
  );
  expect(parse(kubeconfigFrom(evil, OPTIONS))).toEqual(EXPECTED);
});

it('takes over no CA but the known one', () => {
  const both = adminConf({ ...CLUSTER, 'certificate-authority-data': base64(OTHER_CA_PEM + CA_PEM) }, USER);
  expect(parse(kubeconfigFrom(both, OPTIONS))).toEqual(EXPECTED);
});

it.each([
  [
    'another CA',
    adminConf({ ...CLUSTER, 'certificate-authority-data': base64(OTHER_CA_PEM) }, USER),
    'another CA',
  ],
  ['no CA', adminConf({ server: 'https://m' }, USER), 'not what kubeadm writes'],
  ['a CA that is none', adminConf({ ...CLUSTER, 'certificate-authority-data': 'Q0E=' }, USER), 'another CA'],
  ['a program instead of a key', adminConf(CLUSTER, { exec: { command: 'sh' } }), 'not what kubeadm writes'],
  ['no YAML', '{', 'not what kubeadm writes'],
  ['two documents', `${adminConf(CLUSTER, USER)}---\n{}\n`, 'not what kubeadm writes'],
  [
    'an alias bomb',
    `a: &a [x]\nb: &b [${'*a,'.repeat(200)}]\nc: [${'*b,'.repeat(200)}]`,
    'not what kubeadm writes',
  ],
])('refuses %s', (_what, text, message) => {
  expect(() => kubeconfigFrom(text, OPTIONS)).toThrow(
    expect.objectContaining({ code: 'TRUST_FAILED', host: 'm', message: expect.stringContaining(message) }),
  );
});

it('refuses or understands whatever a machine sends', async () => {
  const key = expect.stringMatching(/^[A-Za-z0-9+/=]+$/);
  const user = { 'client-certificate-data': key, 'client-key-data': key };
  await expectRightOrClear(
    [adminConf(CLUSTER, USER)],
    (text) => kubeconfigFrom(text, OPTIONS),
    (written) => expect(parse(written)).toEqual({ ...EXPECTED, users: [{ name: 'demo-admin', user }] }),
  );
});
