import { CompactSign } from 'jose';
import { describe, expect, it } from 'vitest';
import { caCertHash, verifyClusterInfo } from '../../src/kubeadm/cluster-info.ts';
import { newToken, parseToken } from '../../src/kubeadm/token.ts';
import { CA_PEM, CA_PIN, OTHER_CA_PEM } from '../fixtures/ca.ts';

const token = parseToken('abcdef.0123456789abcdef');

const kubeconfigWith = (pem: string): string =>
  JSON.stringify({
    clusters: [
      {
        name: '',
        cluster: {
          server: 'https://m:6443',
          'certificate-authority-data': Buffer.from(pem).toString('base64'),
        },
      },
    ],
  });

/** Signs as the bootstrap signer does: a compact JWS without its payload. */
async function signed(kubeconfig: string, by = token): Promise<string> {
  const jws = await new CompactSign(new TextEncoder().encode(kubeconfig))
    .setProtectedHeader({ alg: 'HS256', kid: by.id })
    .sign(new TextEncoder().encode(by.secret.reveal()));
  const [header, , signature] = jws.split('.');
  return `${header}..${signature}`;
}

const check = (data: Record<string, string>, pins: readonly string[] = [CA_PIN]) =>
  verifyClusterInfo({
    host: 'node1',
    endpoint: 'm:6443',
    text: JSON.stringify({ data }),
    token,
    caCertHashes: pins,
  });

describe('verifyClusterInfo', () => {
  it('accepts what the token signed, with a CA of the master', async () => {
    const kubeconfig = kubeconfigWith(CA_PEM);
    await expect(check({ kubeconfig, 'jws-kubeconfig-abcdef': await signed(kubeconfig) })).resolves.toBe(
      true,
    );
  });

  it('asks for patience while the signer has not signed for this token', async () => {
    await expect(check({ kubeconfig: kubeconfigWith(CA_PEM) })).resolves.toBe(false);
  });

  it('does not wait for a signature where the CA is another cluster’s', async () => {
    await expect(check({ kubeconfig: kubeconfigWith(OTHER_CA_PEM) })).rejects.toMatchObject({
      code: 'TRUST_FAILED',
      message: expect.stringContaining('its CA is sha256:'),
    });
  });

  it('refuses a signature by another token', async () => {
    const kubeconfig = kubeconfigWith(CA_PEM);
    const other = parseToken(`abcdef.${newToken().secret.reveal()}`);
    await expect(
      check({ kubeconfig, 'jws-kubeconfig-abcdef': await signed(kubeconfig, other) }),
    ).rejects.toMatchObject({
      code: 'TRUST_FAILED',
      host: 'node1',
      message: expect.stringContaining('does not match the token'),
    });
  });

  it('refuses a kubeconfig of which one byte was changed', async () => {
    const kubeconfig = kubeconfigWith(CA_PEM);
    const jws = await signed(kubeconfig);
    const changed = kubeconfig.replace('https://m', 'https://n');
    await expect(check({ kubeconfig: changed, 'jws-kubeconfig-abcdef': jws })).rejects.toThrow(
      'does not match the token',
    );
  });

  it('refuses a header that kubeadm would not write', async () => {
    const kubeconfig = kubeconfigWith(CA_PEM);
    const [, signature] = (await signed(kubeconfig)).split('..');
    const header = Buffer.from('{"alg":"none","kid":"abcdef"}').toString('base64url');
    await expect(check({ kubeconfig, 'jws-kubeconfig-abcdef': `${header}..${signature}` })).rejects.toThrow(
      'its header',
    );
  });

  it('refuses another CA than the master has', async () => {
    const kubeconfig = kubeconfigWith(OTHER_CA_PEM);
    const data = { kubeconfig, 'jws-kubeconfig-abcdef': await signed(kubeconfig) };
    await expect(check(data)).rejects.toThrow(`the master's is ${CA_PIN}`);
  });

  it.each([
    ['no JSON', 'HTTP/1.1 400 Bad Request'],
    ['no ConfigMap', '{"kind":"Status"}'],
  ])('says that the answer is no cluster-info: %s', async (_name, text) => {
    const promise = verifyClusterInfo({ host: 'node1', endpoint: 'm:6443', text, token, caCertHashes: [] });
    await expect(promise).rejects.toThrow('the answer is no cluster-info');
  });
});

/** The vectors of Kubernetes' own test of it: k8s.io/cluster-bootstrap, token/jws/jws_test.go. */
it.each([
  [
    'Hello from the other side. I must have called a thousand times.',
    'eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8',
  ],
  ['', 'eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..7Ui1ALizW4jXphVUB7xUqC9vLYLL9RZeOFfVLoB7Tgk'],
])('the test signs like the bootstrap signer: %j', async (content, expected) => {
  const secret = { reveal: () => 'my voice is my passcode' };
  expect(await signed(content, { ...token, id: 'joshua', secret: secret as never })).toBe(expected);
});

it('pins a CA like openssl does', () => {
  expect(caCertHash(CA_PEM)).toBe(CA_PIN);
});
