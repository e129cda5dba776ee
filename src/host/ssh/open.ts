import type { Socket } from 'node:net';
import { NodeSSH } from 'node-ssh';
import type { AuthHandlerMiddleware, CipherAlgorithm, ClientChannel } from 'ssh2';
import { KbootError, messageOf } from '../../lib/errors.ts';
import { TimeLimit } from '../time-limit.ts';
import { connectError } from './connect-error.ts';
import { Connection } from './connection.ts';
import type { Destination } from './destination.ts';
import { HostKeyCheck } from './host-key.ts';
import { findIdentities, type Offer } from './identities.ts';
import { connectTcp } from './tcp.ts';

/** Fastest first, as measured: AES-GCM needs no separate MAC and uses the processor's AES instructions. */
const CIPHERS: CipherAlgorithm[] = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
];

interface OpenOptions {
  /** What the ssh configuration says wins over both. */
  readonly connectTimeoutMs: number;
  readonly loginTimeoutMs: number;
  /** A machine that says nothing for four of these is taken for dead. */
  readonly keepaliveMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Connects to one hop and logs in, through `under` when it is given; from then on the new connection owns it.
 * Throws HOST_UNREACHABLE (saying what was tried), HOST_KEY_REFUSED, or the signal's reason.
 */
export async function openConnection(
  machine: string,
  destination: Destination,
  under: Connection | undefined,
  { connectTimeoutMs, loginTimeoutMs, keepaliveMs, signal }: OpenOptions,
): Promise<Connection> {
  const hostKey = new HostKeyCheck(machine, destination);
  const identities = await findIdentities(destination);
  const login = new KeyLogin(identities.offers);
  let limit = new TimeLimit(destination.timeoutMs ?? connectTimeoutMs, signal);
  const ssh = new NodeSSH();
  let stream: Socket | ClientChannel | undefined;
  let greeting: string | undefined;
  try {
    stream = await openStream(destination, under, limit.signal);
    limit.clear();
    limit = new TimeLimit(destination.timeoutMs ?? loginTimeoutMs, signal);
    const ready = ssh.connect({
      sock: stream,
      username: destination.user,
      // One clock for the whole way: ours.
      readyTimeout: 0,
      keepaliveInterval: keepaliveMs,
      keepaliveCountMax: 3,
      authHandler: login.next,
      hostVerifier: (key: Buffer) => hostKey.verify(key),
      algorithms: { cipher: CIPHERS, serverHostKey: hostKey.algorithms },
    });
    // Added after the client's own listener has paused the stream, so that nothing is taken from it.
    stream.once('data', (chunk: Buffer) => {
      greeting = chunk.toString('latin1');
      // Other lines may come before the SSH greeting, but a web server's answer is no use waiting on.
      if (greeting.startsWith('HTTP/')) stream?.destroy();
    });
    await Promise.race([ready, rejectOnAbort(limit.signal)]);
    const client = ssh.connection;
    if (client === null) throw new Error('closed as soon as the login was done');
    const connection = new Connection(ssh, client, under);
    hostKey.remember();
    return connection;
  } catch (cause) {
    ssh.dispose();
    stream?.destroy();
    signal?.throwIfAborted();
    if (cause instanceof KbootError) throw cause;
    throw (
      hostKey.refusal ??
      connectError(cause, {
        machine,
        destination,
        timeoutMs: limit.ms,
        timedOut: limit.expired,
        connected: stream !== undefined,
        greeting,
        identities,
        offered: login.offered,
        accepted: login.accepted,
        agentProblems: login.agentProblems,
      })
    );
  } finally {
    limit.clear();
  }
}

async function openStream(
  { host, port }: Destination,
  under: Connection | undefined,
  signal: AbortSignal,
): Promise<Socket | ClientChannel> {
  if (under === undefined) return connectTcp(host, port, signal);
  try {
    return await Promise.race([under.forward(host, port), rejectOnAbort(signal)]);
  } catch (cause) {
    signal.throwIfAborted();
    throw new Error(`the jump host cannot reach it: ${messageOf(cause)} (see AllowTcpForwarding there)`, {
      cause,
    });
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Offers keys one after another and remembers what happened. */
class KeyLogin {
  readonly offered: string[] = [];
  accepted: readonly string[] | undefined;
  readonly #offers: readonly Offer[];

  constructor(offers: readonly Offer[]) {
    this.#offers = offers;
  }

  readonly next: AuthHandlerMiddleware = (methodsLeft, partialSuccess, next) => {
    if (methodsLeft !== null) this.accepted = methodsLeft;
    const offer = partialSuccess ? undefined : this.#offers[this.offered.length];
    if (offer === undefined) return next(false as never);
    this.offered.push(offer.label);
    next(offer.method);
  };

  get agentProblems(): string[] {
    return this.#offers.flatMap(({ label, method }) =>
      method.type === 'agent' && method.agent.problem !== undefined
        ? [`${label}: ${method.agent.problem}`]
        : [],
    );
  }
}
