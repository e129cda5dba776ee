import { X509Certificate } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { KbootError } from '../lib/errors.ts';
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
const toLimit = (value: string): string =>
  value === 'unlimited' ? `${Number.MAX_SAFE_INTEGER}` : value || '0';

const toDisk = (value: string): readonly (readonly [string, { freeKiB: number; mount: string }])[] => {
  const [, place, free, mount] = /^(\S+) (\d{1,15}) (\/\S*)$/.exec(value) ?? [];
  return place && mount ? [[place, { freeKiB: Number(free), mount }]] : [];
};

const MODULE_STATES: ReadonlySet<string> = new Set(['builtin', 'loaded', 'absent']);

/**
 * Reads what FACTS_SCRIPT printed. `askedAt` is the operator's clock (ms) when the question was sent; the
 * machine's clock is the script's first line, so the way there is all that the skew can be wrong by. Throws
 * STATE_INVALID for an answer that no healthy machine gives; addresses and routes of other forms are left out.
 */
export function parseFacts(text: string, askedAt: number, host: string): Facts {
  const { all, one, count } = answersOf(text, host);
  const optional = (key: string): string | undefined => one(key) || undefined;
  const hexadecimal = (key: string): string => {
    if (/^[0-9a-f]{1,32}$/.test(one(key))) return one(key);
    throw invalid(host, key, one(key));
  };
  const sysctls = Object.fromEntries(all('sysctl').map(splitOnce));
  const { certificates, clockMs } = parseCertificates(text, host);
  return {
    machine: one('machine'),
    kernel: one('kernel'),
    hostname: one('hostname'),
    os: one('os'),
    systemd: one('systemd') === 'yes',
    missingTools: all('missing'),
    clockSkewMs: Math.round(clockMs - askedAt),
    clockMs,
    cpus: count('cpus'),
    memoryKiB: count('memory'),
    swap: all('swap'),
    machineId: one('machine-id'),
    cgroup: one('cgroup') === 'v2' ? 'v2' : 'v1',
    capabilityBounds: hexadecimal('capbnd'),
    openFiles: count('nofile', toLimit(one('nofile'))),
    addresses: all('address')
      .map(toAddress)
      .filter(({ address }) => ipaddr.isValid(address)),
    defaultSource: optional('default-source'),
    sshAddress: optional('ssh-address'),
    routes: all('route')
      .map(toRoute)
      .filter(({ destination }) => ipaddr.isValidCIDR(destination)),
    links: all('link'),
    listeners: all('listen').map(toListener),
    readOnly: all('read-only'),
    freeKiB: count('free'),
    disks: new Map(all('disk').flatMap(toDisk)),
    conntrackMaxWritable: one('conntrack-writable') === 'yes',
    ipForward: sysctls['net.ipv4.ip_forward'] === '1',
    sysctls,
    resolvedRunning: one('resolved') === 'yes',
    kernelModules: Object.fromEntries(
      all('module')
        .map(splitOnce)
        .filter(([, state]) => MODULE_STATES.has(state)),
    ) as Facts['kernelModules'],
    endpointAddress: optional('endpoint'),
    apiServer: optional('api-server'),
    certificates,
    topLevel: all('top'),
    present: new Set(all('present')),
    empty: new Set(all('empty')),
    runFiles: all('run-file'),
    active: new Set(all('active')),
    ledger: optional('ledger'),
    clusterCa: optional('ca'),
    staged: new Map(
      all('staged')
        .map(splitOnce)
        .map(([hex, size]) => [hex, Number(size)]),
    ),
    contents: new Set(all('content')),
    images: Object.fromEntries(all('image').map(splitOnce)),
    layers: new Set(all('layer')),
  };
}

/** The part of the facts that tells how long certificates are good; the text holds at least that. */
export function parseCertificates(text: string, host: string): Pick<Facts, 'certificates' | 'clockMs'> {
  const { all, one, count } = answersOf(text, host);
  return {
    certificates: all('certificate').flatMap(toCertificates),
    clockMs: count('clock', one('clock').slice(0, -6)),
  };
}

/** The answers by their keys. */
function answersOf(text: string, host: string) {
  const values = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [key, value] = splitOnce(line);
    const known = values.get(key);
    if (known) known.push(value);
    else values.set(key, [value]);
  }
  const all = (key: string): readonly string[] => values.get(key) ?? [];
  const one = (key: string): string => all(key)[0] ?? '';
  const count = (key: string, value = one(key)): number => {
    const number = Number(value);
    if (/^\d+$/.test(value) && Number.isSafeInteger(number)) return number;
    throw invalid(host, key, value);
  };
  return { all, one, count };
}

function invalid(host: string, key: string, value: string): KbootError {
  return new KbootError(
    'STATE_INVALID',
    `${host}: what it says about itself makes no sense: ${key} is "${value.slice(0, 80)}"`,
    {
      host,
      hint: `see what its programs print (nproc, df, /proc/meminfo, /proc/self/status), and whether ${host} can be trusted`,
    },
  );
}
