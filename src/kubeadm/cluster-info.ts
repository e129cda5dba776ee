import { createHash, X509Certificate } from 'node:crypto';
import { flattenedVerify } from 'jose';
import { z } from 'zod';
import { KbootError, messageOf } from '../lib/errors.ts';
import { readForeignYaml } from '../lib/yaml.ts';
import type { Token } from './token.ts';

/** Where the bootstrap signer publishes what a new machine may know before it trusts anybody. */
export const CLUSTER_INFO_PATH = '/api/v1/namespaces/kube-public/configmaps/cluster-info';

const ConfigMap = z.object({ data: z.record(z.string(), z.string()) });
const Kubeconfig = z.object({
  clusters: z
    .array(z.object({ cluster: z.object({ server: z.string(), 'certificate-authority-data': z.string() }) }))
    .min(1),
});

/**
 * kubeadm's pin of a CA certificate: `sha256:` and the hex SHA-256 of its DER SubjectPublicKeyInfo (RFC 7469), as
 * https://kubernetes.io/docs/reference/setup-tools/kubeadm/kubeadm-join has it.
 */
export function caCertHash(pem: string): string {
  const spki = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}

/** Every PEM certificate of a text. */
export const pemCertificates = (text: string): readonly string[] =>
  text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];

/**
 * The token signed the kubeconfig: a detached JWS, HS256 with the token's secret, as
 * https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens#configmap-signing has it.
 */
async function verifySignature(jws: string, kubeconfig: string, token: Token): Promise<void> {
  const [header = '', payload, signature = ''] = jws.split('.');
  const expected = Buffer.from(JSON.stringify({ alg: 'HS256', kid: token.id })).toString('base64url');
  // kubeadm compares the whole text, so the bytes of the header count as well.
  if (payload !== '' || header !== expected) throw new Error('its header is not the one kubeadm writes');
  await flattenedVerify(
    { protected: header, payload: Buffer.from(kubeconfig).toString('base64url'), signature },
    new TextEncoder().encode(token.secret.reveal()),
    { algorithms: ['HS256'] },
  );
}

/** What a machine got, and what it must match. */
export interface ClusterInfoCheck {
  /** Machine that asked: for the error. */
  readonly host: string;
  /** `host:port` it asked. */
  readonly endpoint: string;
  /** The ConfigMap as JSON. */
  readonly text: string;
  readonly token: Token;
  /** Pins taken from the first master over SSH. */
  readonly caCertHashes: readonly string[];
}

/**
 * Checks the cluster-info that a machine received: signed with the token, and with a CA that the master has.
 * Throws TRUST_FAILED saying which of it failed; a CA that is not the master's needs no signature to be wrong. Resolves
 * with false when the signer has not signed for this token yet: ask again.
 */
export async function verifyClusterInfo(check: ClusterInfoCheck): Promise<boolean> {
  const fail = (what: string, cause?: unknown): KbootError =>
    new KbootError(
      'TRUST_FAILED',
      `${check.host}: what answers at ${check.endpoint} is not this cluster: ${what}`,
      {
        host: check.host,
        cause,
        hint: `check "endpoint" in kboot.yaml, and that ${check.endpoint} leads from ${check.host} to the first master`,
      },
    );
  let data: Record<string, string>;
  try {
    data = ConfigMap.parse(JSON.parse(check.text)).data;
  } catch (cause) {
    throw fail('the answer is no cluster-info', cause);
  }
  const kubeconfig = data['kubeconfig'];
  if (kubeconfig === undefined) throw fail('its cluster-info has no kubeconfig');
  let pins: readonly string[];
  try {
    const [document] = z.tuple([Kubeconfig]).parse(readForeignYaml(kubeconfig));
    const authority = document.clusters[0]?.cluster['certificate-authority-data'];
    pins = pemCertificates(Buffer.from(authority ?? '', 'base64').toString()).map(caCertHash);
  } catch (cause) {
    throw fail('its cluster-info holds no readable CA certificate', cause);
  }
  if (!pins.some((pin) => check.caCertHashes.includes(pin))) {
    throw fail(`its CA is ${pins.join(', ') || 'missing'}, the master's is ${check.caCertHashes.join(', ')}`);
  }
  const jws = data[`jws-kubeconfig-${check.token.id}`];
  if (jws === undefined) return false;
  try {
    await verifySignature(jws, kubeconfig, check.token);
  } catch (cause) {
    throw fail(`the signature of its cluster-info does not match the token (${messageOf(cause)})`, cause);
  }
  return true;
}
