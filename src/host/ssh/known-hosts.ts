import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import ssh2 from 'ssh2';
import { matchesAny } from './glob.ts';

/** One line of a known_hosts file (format: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHost {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly marker: '@revoked' | '@cert-authority' | undefined;
  /** Comma separated patterns, or one hashed name. */
  readonly hosts: string;
  /** Such as ssh-ed25519. */
  readonly type: string;
  /** The public key in the wire format, base64. */
  readonly key: string;
}

/** What the known_hosts files say about a key that a machine shows. */
export type Verdict =
  | { readonly is: 'known' | 'unknown' }
  | { readonly is: 'changed' | 'revoked'; readonly entry: KnownHost };

/** The name under which a machine stands in known_hosts. */
export function knownHostsName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/** The type of a public key in the wire format. Empty when it is no key. */
export function keyType(key: Buffer): string {
  return key.length < 4 ? '' : key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
}

/** The fingerprint as OpenSSH prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** Reads the lines of a known_hosts file; lines that are not understood are passed over, as ssh does. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((content, index) => {
    const words = content.trim().split(/\s+/);
    const first = words[0] ?? '';
    const marker = first === '@revoked' || first === '@cert-authority' ? first : undefined;
    if (first === '' || first.startsWith('#') || (first.startsWith('@') && marker === undefined)) return [];
    const [hosts, type, key] = marker === undefined ? words : words.slice(1);
    if (hosts === undefined || type === undefined || key === undefined) return [];
    return [{ file, line: index + 1, marker, hosts, type, key }];
  });
}

/** The entries of several files; a file that is not there has none. */
export function readKnownHosts(files: readonly string[]): KnownHost[] {
  return files.flatMap((file) => parseKnownHosts(readIfThere(file), file));
}

/** Types of the plain keys known for a machine: offered first, so that the machine shows one we can compare. */
export function knownTypes(entries: readonly KnownHost[], host: string, port: number): string[] {
  const named = about(entries, knownHostsName(host, port));
  return named.filter((e) => e.marker === undefined).map((e) => e.type);
}

/** The entry by which an authority vouches for a machine's certificates. */
export function authorityFor(
  entries: readonly KnownHost[],
  host: string,
  port: number,
): KnownHost | undefined {
  return about(entries, knownHostsName(host, port)).find((e) => e.marker === '@cert-authority');
}

/**
 * Judges a key. `comparable` are the key types the connection could have agreed on: a machine of which such a
 * key is known but which shows one of another type has changed, as the known types were preferred.
 */
export function judge(
  entries: readonly KnownHost[],
  host: string,
  port: number,
  key: Buffer,
  comparable: readonly string[],
): Verdict {
  const shown = key.toString('base64');
  const onPort = about(entries, knownHostsName(host, port));
  const anywhere = port === 22 ? [] : about(entries, knownHostsName(host, 22));
  const same = [...onPort, ...anywhere].filter((e) => e.key === shown);
  const revoked = same.find((e) => e.marker === '@revoked');
  if (revoked) return { is: 'revoked', entry: revoked };
  // An entry without a port vouches for a key on any port, as in ssh; it does not forbid another one.
  if (same.some((e) => e.marker === undefined)) return { is: 'known' };
  const named = onPort.filter((e) => e.marker === undefined);
  const type = keyType(key);
  const changed = named.find((e) => e.type === type) ?? named.find((e) => comparable.includes(e.type));
  return changed ? { is: 'changed', entry: changed } : { is: 'unknown' };
}

/**
 * Adds a key to a known_hosts file (0600, its folder 0700 when made), in one appending write. A key that has
 * been added meanwhile is not added twice. With `hashed` the name is not readable, as ssh's HashKnownHosts.
 */
export function addKnownHost(file: string, host: string, port: number, key: Buffer, hashed: boolean): void {
  const text = readIfThere(file);
  if (judge(parseKnownHosts(text, file), host, port, key, []).is === 'known') return;
  makeFolder(dirname(file));
  const name = knownHostsName(host, port);
  const line = `${hashed ? hashName(name) : name} ${keyType(key)} ${key.toString('base64')}\n`;
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  appendFileSync(file, gap + line, { mode: 0o600 });
}

/** The entries for a name. One whose key cannot be read says nothing, as in ssh. */
function about(entries: readonly KnownHost[], name: string): KnownHost[] {
  return entries.filter((e) => matches(e.hosts, name) && isKey(e));
}

function isKey({ type, key }: KnownHost): boolean {
  if (keyType(Buffer.from(key, 'base64')) !== type) return false;
  // A type that ssh2 does not know cannot be compared with what a machine shows anyway.
  return !(ssh2.utils.parseKey(`${type} ${key}`) instanceof Error);
}

function matches(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return matchesHash(hosts, name);
  return matchesAny(hosts.split(','), name);
}

function matchesHash(hosts: string, name: string): boolean {
  const [, version, salt, hash] = hosts.split('|');
  if (version !== '1' || salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, 'base64');
  const actual = hmac(salt, name);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function hashName(name: string): string {
  const salt = randomBytes(20).toString('base64');
  return `|1|${salt}|${hmac(salt, name).toString('base64')}`;
}

function hmac(salt: string, name: string): Buffer {
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
}

/** The folder of the file alone, as ssh does: a path that is wrong further up is a mistake to be told. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
