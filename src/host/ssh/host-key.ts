import type { ServerHostKeyAlgorithm } from 'ssh2';
import { KbootError, messageOf } from '../../lib/errors.ts';
import type { Destination } from './destination.ts';
import {
  addKnownHost,
  fingerprint,
  judge,
  type KnownHost,
  keyType,
  knownHostsName,
  knownTypes,
  readKnownHosts,
} from './known-hosts.ts';

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
  #accepted: Buffer | undefined;
  #refusal: KbootError | undefined;

  /** `machine` is the name in messages. Throws when a known_hosts file is there but cannot be read. */
  constructor(machine: string, destination: Destination) {
    this.#machine = machine;
    this.#destination = destination;
    this.#entries = this.#explained('read', () => readKnownHosts(destination.knownHostsFiles));
    const known = knownTypes(this.#entries, destination.keyName, destination.port);
    const types = [...new Set([...known, ...Object.keys(ALGORITHMS)])];
    this.algorithms = types.flatMap((type) => ALGORITHMS[type] ?? []);
  }

  /** Why the key was refused. */
  get refusal(): KbootError | undefined {
    return this.#refusal;
  }

  /** Whether the connection may go on with this key. */
  verify(key: Buffer): boolean {
    const { keyName, port, strictHostKey } = this.#destination;
    const verdict = judge(this.#entries, keyName, port, key, Object.keys(ALGORITHMS));
    if (verdict.is === 'known') return true;
    if (verdict.is === 'changed' || verdict.is === 'revoked')
      this.#refusal = this.#bad(verdict.is, key, verdict.entry);
    else if (strictHostKey) this.#refusal = this.#unknown(key);
    else this.#accepted = key;
    return this.#refusal === undefined;
  }

  /** Writes a key that was accepted as new to known_hosts; call when the machine has proved to own it. */
  remember(): void {
    if (this.#accepted === undefined) return;
    const { keyName, port, knownHostsFiles, hashKnownHosts } = this.#destination;
    const accepted = this.#accepted;
    this.#explained('written', () =>
      addKnownHost(knownHostsFiles[0], keyName, port, accepted, hashKnownHosts),
    );
    this.#accepted = undefined;
  }

  #explained<T>(done: 'read' | 'written', work: () => T): T {
    try {
      return work();
    } catch (error) {
      const message = `known_hosts cannot be ${done}: ${messageOf(error)}`;
      throw this.#refuse(message, 'kboot connects to no machine whose key it cannot check and remember');
    }
  }

  #unknown(key: Buffer): KbootError {
    const { keyName, port, knownHostsFiles } = this.#destination;
    const name = knownHostsName(keyName, port);
    return this.#refuse(
      `the key of ${name} is not known: ${keyType(key)} ${fingerprint(key)}`,
      `compare it on the machine with 'ssh-keygen -lf /etc/ssh/ssh_host_${shortType(key)}_key.pub'; when it is the same: echo '${name} ${keyType(key)} ${key.toString('base64')}' >> ${knownHostsFiles[0]}`,
    );
  }

  #bad(is: 'changed' | 'revoked', key: Buffer, entry: KnownHost): KbootError {
    const { keyName, port } = this.#destination;
    const name = knownHostsName(keyName, port);
    const where = `${entry.file}:${entry.line}`;
    if (is === 'revoked') {
      return this.#refuse(
        `the key of ${name} is revoked: ${keyType(key)} ${fingerprint(key)}, marked @revoked at ${where}`,
        'do not connect to this machine before it has a new key',
      );
    }
    const known = `${entry.type} ${fingerprint(Buffer.from(entry.key, 'base64'))}`;
    return this.#refuse(
      `the key of ${name} has changed: it shows ${keyType(key)} ${fingerprint(key)}, but ${known} stands at ${where}`,
      `somebody may be in between. Only when you know why it changed (the machine was installed anew): ssh-keygen -R '${name}' -f ${entry.file}`,
    );
  }

  #refuse(what: string, hint: string): KbootError {
    return new KbootError('HOST_KEY_REFUSED', `${this.#machine}: ${what}`, { host: this.#machine, hint });
  }
}

/** How sshd names the file of a host key of this type. */
function shortType(key: Buffer): string {
  const type = keyType(key);
  if (type === 'ssh-ed25519') return 'ed25519';
  return type === 'ssh-rsa' ? 'rsa' : 'ecdsa';
}
