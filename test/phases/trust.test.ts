import { expect, it } from 'vitest';
import { newToken } from '../../src/kubeadm/token.ts';
import { kubeadmInit } from '../../src/phases/kubeadm-init.ts';
import { verifyToken } from '../../src/phases/verify-token.ts';
import { CA_PEM, CA_PIN } from '../fixtures/ca.ts';
import { contextWith } from '../helpers/phase-context.ts';

const ASK = /^sudo ask-endpoint\.sh /;
const UNSIGNED = JSON.stringify({
  data: {
    kubeconfig: JSON.stringify({
      clusters: [
        { cluster: { server: '', 'certificate-authority-data': Buffer.from(CA_PEM).toString('base64') } },
      ],
    }),
  },
});

function context() {
  const made = contextWith();
  const token = newToken();
  made.made(kubeadmInit, { token: async () => token, caCertHashes: [CA_PIN] });
  return made;
}

it('says what is known of the controller-manager when nobody signs', async () => {
  const own = context();
  own.host
    .on(ASK, UNSIGNED)
    .on(/get lease/, 'kube-controller-manager, which signs it, led last at 10:00 (5 changes of leader)')
    .on(/get pods/, 'kube-controller-manager-m: 5 restarts, ready: false\n');
  const before = own.clock.now();
  await expect(verifyToken.run(own)).rejects.toMatchObject({
    code: 'TIMED_OUT',
    message: expect.stringMatching(/not there after 600 s\n.*led last at.*\n.*5 restarts, ready: false/),
    hint: expect.stringContaining('wait:'),
  });
  expect(own.clock.now() - before).toBeGreaterThan(590_000);
});

const REFUSED = { exitCode: 1, stderr: 'The connection to the server m:6443 was refused' };

it('waits while the API is away for everybody', async () => {
  const own = context();
  own.host
    .once(ASK, REFUSED)
    .once(/readyz/, REFUSED)
    .once(ASK, '{"data":{}}');
  await expect(verifyToken.run(own)).rejects.toMatchObject({ code: 'TRUST_FAILED' });
});

it('does not wait for an endpoint that is away for this machine only', async () => {
  const own = context();
  own.host.on(ASK, REFUSED).on(/readyz/, 'ok');
  const before = own.clock.now();
  await expect(verifyToken.run(own)).rejects.toThrow('was refused');
  expect(own.clock.now()).toBe(before);
});
