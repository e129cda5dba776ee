import { finished, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { NodeSSH } from 'node-ssh';
import pLimit from 'p-limit';
import type { Client, ClientChannel, ClientErrorExtensions } from 'ssh2';
import type { Ending } from '../command-error.ts';

/** sshd allows ten sessions on a connection (MaxSessions); two stay free for a held lock and for stopping. */
const SESSIONS = 8;

/** How long a peer may take to agree to the end of the connection. */
const GOODBYE_MS = 500;

interface Execution {
  readonly stdin?: string | Uint8Array | Readable | undefined;
  /** Gives the command up: its channel is closed and the promise rejects with the signal's reason. */
  readonly signal: AbortSignal;
  readonly onStdout: (chunk: Buffer) => void;
  readonly onStderr: (chunk: Buffer) => void;
}

/** One authenticated connection, guarded against what node-ssh leaves to its callers. */
export class Connection {
  readonly #ssh: NodeSSH;
  readonly #client: Client;
  readonly #slots = pLimit(SESSIONS);
  readonly #closed: Promise<undefined>;
  readonly #under: AsyncDisposable | undefined;
  #lostBy: (Error & ClientErrorExtensions) | undefined;

  /** `under` is the connection this one runs through; it is closed with it. */
  constructor(ssh: NodeSSH, client: Client, under?: AsyncDisposable) {
    this.#ssh = ssh;
    this.#client = client;
    this.#under = under;
    // Lives as long as the client: an 'error' event without a listener ends the process.
    client.on('error', (error) => {
      this.#lostBy ??= error;
    });
    // node-ssh adds a listener for each session that is being opened.
    client.setMaxListeners(0);
    this.#closed = new Promise((resolve) => client.once('close', () => resolve(undefined)));
  }

  /** Why the connection was lost, when it was and the reason is known. */
  get lostBy(): Error | undefined {
    return this.#lostBy;
  }

  /**
   * Runs a line in the login shell. Resolves with how it ended, or undefined when the connection was lost.
   * Rejects with the signal's reason, with the error of a stdin stream, or when no session can be opened.
   */
  execute(line: string, execution: Execution): Promise<Ending | undefined> {
    return raceAbort(
      execution.signal,
      this.#slots(() => this.#start(line, execution)),
    );
  }

  /** The same for a command that stays: it takes no place among those that come and go. */
  executeBeside(line: string, execution: Execution): Promise<Ending | undefined> {
    return this.#start(line, execution);
  }

  /** A TCP stream from the machine to another address, for the next hop. */
  forward(host: string, port: number): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      this.#client.forwardOut('127.0.0.1', 0, host, port, (error, channel) =>
        error ? reject(error) : resolve(channel),
      );
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ssh.dispose();
    const stop = new AbortController();
    await Promise.race([this.#closed, delay(GOODBYE_MS, undefined, { signal: stop.signal })]);
    stop.abort();
    this.#client.destroy();
    await this.#under?.[Symbol.asyncDispose]();
  }

  async #start(line: string, { stdin, signal, onStdout, onStderr }: Execution): Promise<Ending | undefined> {
    signal.throwIfAborted();
    const source = toSource(stdin);
    let channel: ClientChannel | undefined;
    let unwatch = (): void => {};
    // pipe() passes on neither an error of the source nor its early end.
    const broken = new Promise<never>((_resolve, reject) => {
      if (source instanceof Readable) {
        unwatch = finished(source, { writable: false }, (error) => error && reject(error));
      }
    });
    const running = this.#ssh.execCommand(line, {
      stdin: source,
      onChannel: (opened) => {
        channel = opened;
        if (signal.aborted) opened.close();
      },
      onStdout,
      onStderr,
    });
    try {
      // A race: a machine that hangs never confirms that a channel is closed, and a connection that is lost
      // while a session is being opened is never reported to it.
      const reply = await raceAbort(signal, Promise.race([running, this.#closed, broken]));
      if (reply === undefined || (reply.code === null && reply.signal === null)) return undefined;
      return reply.signal === null ? { exitCode: reply.code ?? 0 } : { signal: reply.signal };
    } catch (error) {
      if (this.#lostBy !== undefined || !this.#ssh.isConnected()) {
        signal.throwIfAborted();
        return undefined;
      }
      throw error;
    } finally {
      unwatch();
      channel?.close();
      // The command may have ended without reading everything: whoever fills the stream must not wait.
      if (source instanceof Readable) source.destroy();
    }
  }
}

function toSource(stdin: Execution['stdin']): string | Readable {
  if (stdin === undefined) return '';
  if (typeof stdin === 'string') return stdin;
  if (stdin instanceof Readable) {
    if (stdin.readableEnded || stdin.destroyed) throw new TypeError('the stream for stdin was read before');
    return stdin;
  }
  return Readable.from(Buffer.from(stdin.buffer, stdin.byteOffset, stdin.byteLength));
}

/** Settles like `task`, or rejects with the signal's reason as soon as it aborts. */
async function raceAbort<T>(signal: AbortSignal, task: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([task, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
