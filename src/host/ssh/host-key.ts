import type { ServerHostKeyAlgorithm } from 'ssh2';
import { KbootError, messageOf } from '../../lib/errors.ts';
import type { Destination } from './destination.ts';
import {
  addKnownHost,
  authorityFor,
  fingerprint,
  judge,
  type KnownHost,
  keyType,
  knownHostsName,
  knownTypes,
  readKnownHosts,
} from './known-hosts.ts';
import { readRevokedKeys } from './revoked-keys.ts';

/** Signature algorithms for host keys, best first, by the type of key they use. */
const ALGORITHMS: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/** Decides on the key that one hop shows. */
export class HostKeyCheck {
  /** To be offered in this order: the types of the known keys first, as the others could not be compared. */
  readonly algorithms: ServerHostKeyAlgorithm[];
  readonly #machine: string;
  readonly #destination: Destination;
  readonly #entries: readonly KnownHost[];
  readonly #revoked: ReadonlySet<string>;
  #accepted: Buffer | undefined;
  #refusal: KbootError | undefined;

  /** `machine` is the name in messages. Throws when a file that vouches for or forbids keys cannot be read. */
  constructor(machine: string, destination: Destination) {
    this.#machine = machine;
    this.#destination = destination;
    this.#entries = this.#explained('known_hosts cannot be read', () =>
      readKnownHosts(destination.knownHostsFiles),
    );
    const { revokedKeysFile } = destination;
    this.#revoked =
      revokedKeysFile === undefined
        ? new Set()
        : this.#explained(`RevokedHostKeys ${revokedKeysFile} cannot be read`, () =>
            readRevokedKeys(revokedKeysFile),
          );
    const known = knownTypes(this.#entries, destination.keyName, destination.keyPort);
    const all = Object.keys(ALGORITHMS);
    // Among the known ones the order is ssh's, not the file's: it decides which of several is compared.
    const types = [
      ...all.filter((type) => known.includes(type)),
      ...all.filter((type) => !known.includes(type)),
    ];
    this.algorithms = types.flatMap((type) => ALGORITHMS[type] ?? []);
  }

  /** Why the key was refused. */
  get refusal(): KbootError | undefined {
    return this.#refusal;
  }

  /** Whether the connection may go on with this key. */
  verify(key: Buffer): boolean {
    const { keyName, keyPort, strictHostKey, newKeysFile, revokedKeysFile } = this.#destination;
    const verdict = judge(this.#entries, keyName, keyPort, key, Object.keys(ALGORITHMS));
    const authority = authorityFor(this.#entries, keyName, keyPort);
    if (this.#revoked.has(key.toString('base64')))
      this.#refusal = this.#isRevoked(key, `in ${revokedKeysFile}`);
    else if (verdict.is === 'known') return true;
    else if (verdict.is === 'revoked')
      this.#refusal = this.#isRevoked(key, `marked @revoked at ${placeOf(verdict.entry)}`);
    else if (verdict.is === 'changed') this.#refusal = this.#changed(key, verdict.entry);
    else if (authority !== undefined) this.#refusal = this.#unknown(key, authority);
    // As ssh: what cannot be remembered is not taken as new either.
    else if (strictHostKey || newKeysFile === undefined) this.#refusal = this.#unknown(key);
    else this.#accepted = key;
    return this.#refusal === undefined;
  }

  /** Writes a key that was accepted as new to known_hosts; call when the machine has proved to own it. */
  remember(): void {
    const { keyName, keyPort, newKeysFile, hashKnownHosts } = this.#destination;
    if (this.#accepted === undefined || newKeysFile === undefined) return;
    const accepted = this.#accepted;
    this.#explained('known_hosts cannot be written', () =>
      addKnownHost(newKeysFile, keyName, keyPort, accepted, hashKnownHosts),
    );
    this.#accepted = undefined;
  }

  #explained<T>(what: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      const message = `${what}: ${messageOf(error)}`;
      throw this.#refuse(message, 'kboot connects to no machine whose key it cannot check and remember');
    }
  }

  #unknown(key: Buffer, authority?: KnownHost): KbootError {
    const { keyName, keyPort, newKeysFile } = this.#destination;
    const name = knownHostsName(keyName, keyPort);
    const certificates =
      authority === undefined
        ? ''
        : `; an authority vouches for it (@cert-authority at ${placeOf(authority)}), but kboot cannot check host certificates`;
    return this.#refuse(
      `the key of ${name} is not known: ${keyType(key)} ${fingerprint(key)}${certificates}`,
      `compare it on the machine with 'ssh-keygen -lf /etc/ssh/ssh_host_${shortType(key)}_key.pub'; when it is the same: echo '${name} ${keyType(key)} ${key.toString('base64')}' >> ${newKeysFile ?? '~/.ssh/known_hosts'}`,
    );
  }

  #isRevoked(key: Buffer, where: string): KbootError {
    const name = knownHostsName(this.#destination.keyName, this.#destination.keyPort);
    return this.#refuse(
      `the key of ${name} is revoked: ${keyType(key)} ${fingerprint(key)}, ${where}`,
      'do not connect to this machine before it has a new key',
    );
  }

  #changed(key: Buffer, entry: KnownHost): KbootError {
    const name = knownHostsName(this.#destination.keyName, this.#destination.keyPort);
    const known = `${entry.type} ${fingerprint(Buffer.from(entry.key, 'base64'))}`;
    return this.#refuse(
      `the key of ${name} has changed: it shows ${keyType(key)} ${fingerprint(key)}, but ${known} stands at ${placeOf(entry)}`,
      `somebody may be in between. Only when you know why it changed (the machine was installed anew): ssh-keygen -R '${name}' -f ${entry.file}`,
    );
  }

  #refuse(what: string, hint: string): KbootError {
    return new KbootError('HOST_KEY_REFUSED', `${this.#machine}: ${what}`, { host: this.#machine, hint });
  }
}

const placeOf = ({ file, line }: KnownHost): string => `${file}:${line}`;

/** How sshd names the file of a host key of this type. */
function shortType(key: Buffer): string {
  const type = keyType(key);
  if (type === 'ssh-ed25519') return 'ed25519';
  return type === 'ssh-rsa' ? 'rsa' : 'ecdsa';
}
