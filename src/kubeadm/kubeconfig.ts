import { stringify } from 'yaml';
import { z } from 'zod';
import { KbootError } from '../lib/errors.ts';
import { readForeignYaml } from '../lib/yaml.ts';
import { caCertHash, pemCertificates } from './cluster-info.ts';

/** Base64 of PEM: nothing that kubectl would execute, open or connect to. */
const data = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/);

const AdminConf = z.object({
  clusters: z.array(z.object({ cluster: z.object({ 'certificate-authority-data': data }) })).length(1),
  users: z
    .array(z.object({ user: z.object({ 'client-certificate-data': data, 'client-key-data': data }) }))
    .length(1),
});

export interface KubeconfigOptions {
  /** The cluster's name: names its cluster, user and context. */
  readonly name: string;
  /** `host:port` that the operator's machine can reach. */
  readonly server: string;
  /** The machine that admin.conf is from, for errors. */
  readonly host: string;
  /** Pins (`sha256:...`) of the CA certificates that the cluster may have. */
  readonly caCertHashes: readonly string[];
}

/**
 * kubeadm's admin.conf for use elsewhere: names of its own, so that it can be merged with others, and a server
 * that can be reached. Of the machine's text only the CA, the certificate and the key are taken: a kubeconfig can
 * name programs to run and proxies to use, and the machine that it is from is not to be trusted with that. The
 * result holds the administrator's key. Throws TRUST_FAILED for what is no admin.conf of this cluster.
 */
export function kubeconfigFrom(
  adminConf: string,
  { name, server, host, caCertHashes }: KubeconfigOptions,
): string {
  const { clusters, users } = read(adminConf, host);
  const known = knownAuthorities(clusters[0]?.cluster['certificate-authority-data'] ?? '', caCertHashes);
  if (known.length === 0) throw refused(host, 'its admin.conf is for a cluster with another CA', undefined);
  const ca = Buffer.from(known.map((pem) => `${pem}\n`).join('')).toString('base64');
  const user = `${name}-admin`;
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster: { 'certificate-authority-data': ca, server: `https://${server}` } }],
      users: [{ name: user, user: users[0]?.user }],
      contexts: [{ name, context: { cluster: name, user } }],
      'current-context': name,
    },
    { lineWidth: 0 },
  );
}

function read(adminConf: string, host: string): z.output<typeof AdminConf> {
  try {
    return z.tuple([AdminConf]).parse(readForeignYaml(adminConf))[0];
  } catch {
    // What went wrong may quote the key: it is not passed on.
    throw refused(host, 'its admin.conf is not what kubeadm writes', undefined);
  }
}

/** The certificates (PEM) among `data` (base64 of PEM) that are pinned: kubectl would trust any other beside them. */
function knownAuthorities(data: string, pins: readonly string[]): readonly string[] {
  try {
    return pemCertificates(Buffer.from(data, 'base64').toString('utf8')).filter((pem) =>
      pins.includes(caCertHash(pem)),
    );
  } catch {
    return [];
  }
}

const refused = (host: string, what: string, cause: unknown): KbootError =>
  new KbootError('TRUST_FAILED', `${host}: ${what}`, {
    ...{ host, cause },
    hint: `look at /etc/kubernetes/admin.conf on ${host}; kubeadm makes a new one: kubeadm init phase kubeconfig admin`,
  });
