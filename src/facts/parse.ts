import { X509Certificate } from 'node:crypto';
import type { Address, Certificate, Facts, Listener } from './facts.ts';

const splitOnce = (text: string): readonly [string, string] => {
  const at = text.indexOf(' ');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1).trim()];
};

const toAddress = (value: string): Address => {
  const [link, cidr] = splitOnce(value);
  const [address = '', prefix] = cidr.split('/');
  return { link, address, prefix: Number(prefix ?? (address.includes(':') ? 128 : 32)) };
};

const toListener = (value: string): Listener => {
  const [port, program] = splitOnce(value);
  return { port: Number(port), program };
};

const toRoute = (value: string) => {
  const [destination, link] = splitOnce(value);
  return { destination: destination.includes('/') ? destination : `${destination}/32`, link };
};

/** Of what is no certificate nothing is said: it belongs to somebody else, or the cluster says so louder. */
const toCertificates = (value: string): readonly Certificate[] => {
  const [path, base64] = splitOnce(value);
  try {
    const { validFrom, validTo } = new X509Certificate(Buffer.from(base64, 'base64'));
    return [{ path, notBefore: Date.parse(validFrom), notAfter: Date.parse(validTo) }];
  } catch {
    return [];
  }
};

/** `unlimited` is what a shell prints for no limit. */
const toLimit = (value: string): number =>
  value === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(value || 0);

/**
 * Reads what FACTS_SCRIPT printed. `askedAt` is the operator's clock (ms) when the question was sent; the
 * machine's clock is the script's first line, so the way there is all that the skew can be wrong by.
 */
export function parseFacts(text: string, askedAt: number): Facts {
  const values = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [key, value] = splitOnce(line);
    const known = values.get(key);
    if (known) known.push(value);
    else values.set(key, [value]);
  }
  const all = (key: string): readonly string[] => values.get(key) ?? [];
  const one = (key: string): string => all(key)[0] ?? '';
  const optional = (key: string): string | undefined => one(key) || undefined;
  const sysctls = Object.fromEntries(all('sysctl').map(splitOnce));
  const clockMs = Number(one('clock').slice(0, -6));
  return {
    machine: one('machine'),
    kernel: one('kernel'),
    hostname: one('hostname'),
    os: one('os'),
    systemd: one('systemd') === 'yes',
    missingTools: all('missing'),
    clockSkewMs: Math.round(clockMs - askedAt),
    clockMs,
    cpus: Number(one('cpus')),
    memoryKiB: Number(one('memory')),
    swap: all('swap'),
    machineId: one('machine-id'),
    cgroup: one('cgroup') === 'v2' ? 'v2' : 'v1',
    capabilityBounds: one('capbnd'),
    openFiles: toLimit(one('nofile')),
    addresses: all('address').map(toAddress),
    defaultSource: optional('default-source'),
    sshAddress: optional('ssh-address'),
    routes: all('route').map(toRoute),
    links: all('link'),
    listeners: all('listen').map(toListener),
    readOnly: all('read-only'),
    freeKiB: Number(one('free')),
    conntrackMaxWritable: one('conntrack-writable') === 'yes',
    ipForward: sysctls['net.ipv4.ip_forward'] === '1',
    sysctls,
    resolvedRunning: one('resolved') === 'yes',
    kernelModules: Object.fromEntries(all('module').map(splitOnce)) as Facts['kernelModules'],
    endpointAddress: optional('endpoint'),
    apiServer: optional('api-server'),
    certificates: all('certificate').flatMap(toCertificates),
    topLevel: all('top'),
    present: new Set(all('present')),
    empty: new Set(all('empty')),
    runFiles: all('run-file'),
    active: new Set(all('active')),
    ledger: optional('ledger'),
    clusterCa: optional('ca'),
    staged: new Set(all('staged')),
    contents: new Set(all('content')),
    images: Object.fromEntries(all('image').map(splitOnce)),
    layers: new Set(all('layer')),
  };
}
