import { describe, expect, it } from 'vitest';
import { isNotYet, kubeadmNotYet, whenReady } from '../../src/phases/not-yet.ts';
import { FakeHost } from '../helpers/fake-host.ts';
import { contextWith } from '../helpers/phase-context.ts';

const failure = (stderr: string) =>
  new FakeHost('m', { kubectl: { exitCode: 1, stderr } })
    .query({ argv: ['kubectl'] })
    .catch((error) => error);

describe('an answer that passes by itself', () => {
  it.each([
    'The connection to the server master.example.com:6443 was refused - did you specify the right host or port?',
    'Unable to connect to the server: dial tcp 10.0.0.10:6443: connect: connection refused',
    'Unable to connect to the server: net/http: TLS handshake timeout',
    'Unable to connect to the server: read tcp 10.0.0.1:1->10.0.0.10:6443: read: connection reset by peer',
    'Unable to connect to the server: unexpected EOF',
    'Get "https://master:6443/readyz": EOF',
    'Error from server (Forbidden): daemonsets.apps "kube-flannel-ds" is forbidden: User "kubernetes-admin" cannot patch resource "daemonsets"',
    'Error from server (ServiceUnavailable): the server is currently unable to handle the request',
    'Error from server (InternalError): an error on the server ("") has prevented the request from succeeding',
    'Error from server: etcdserver: request timed out',
    'Error from server: etcdserver: leader changed',
  ])('%s', async (stderr) => {
    expect(isNotYet(await failure(stderr))).toBe(true);
  });
});

describe('an answer that does not', () => {
  it.each([
    'error: error validating "flannel.yaml": unknown field "spec.foo"',
    'Error from server (NotFound): nodes "node1" not found',
    'error: timed out waiting for the condition on nodes/node1',
    'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    '',
  ])('%s', async (stderr) => {
    expect(isNotYet(await failure(stderr))).toBe(false);
  });

  it('an error of kboot itself', () => {
    expect(isNotYet(new Error('connection refused'))).toBe(false);
  });
});

it.each([
  [
    'error execution phase kubeconfig: could not bootstrap the admin user in file admin.conf: unable to create ClusterRoleBinding: Post "https://m:6443/": dial tcp 10.0.0.10:6443: connect: connection refused',
    true,
  ],
  ['error execution phase upload-config: etcdserver: request timed out', true],
  ['[kubelet-check] connection refused\nerror execution phase preflight: [ERROR Swap]: swap is on', false],
  ['W connection refused', false],
])('of kubeadm only the last word counts: %s', (output, expected) => {
  expect(kubeadmNotYet(`[init] Using Kubernetes version\n${output}\n`)).toBe(expected);
});

describe('what needs the API', () => {
  const REFUSED = { exitCode: 1, stderr: 'The connection to the server m:6443 was refused' };

  it('is done once it answers, and told what it waits for once', async () => {
    const context = contextWith();
    context.host.once('kubectl', REFUSED).once('kubectl', REFUSED).on('kubectl', 'done');
    const ask = () => context.host.query({ argv: ['kubectl'] });
    expect((await whenReady(context, { what: 'an API', host: 'm' }, ask)).stdout).toBe('done');
    expect(context.told).toEqual(['waiting for an API']);
  });

  it('fails at once for another reason', async () => {
    const context = contextWith();
    context.host.on('kubectl', { exitCode: 1, stderr: 'unknown flag' });
    const before = context.clock.now();
    const ask = () => context.host.query({ argv: ['kubectl'] });
    await expect(whenReady(context, { what: 'an API', host: 'm' }, ask)).rejects.toThrow('unknown flag');
    expect(context.clock.now()).toBe(before);
  });

  it('is given up after the time of kboot.yaml, with the last answer', async () => {
    const context = contextWith();
    context.host.on('kubectl', REFUSED);
    const before = context.clock.now();
    const ask = () => context.host.query({ argv: ['kubectl'] });
    await expect(whenReady(context, { what: 'an API', host: 'm' }, ask)).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: `m: an API: not there after 600 s\n${REFUSED.stderr}`,
      hint: expect.stringContaining('wait:'),
    });
    expect(context.clock.now() - before).toBe(600_000);
  });
});
