import { finished, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { NodeSSH } from 'node-ssh';
import pLimit from 'p-limit';
import type { Client, ClientChannel, ClientErrorExtensions } from 'ssh2';
import { messageOf } from '../../lib/errors.ts';
import type { Ending } from '../command-error.ts';
import { type Execution, type Executor, SessionRefused } from '../executor.ts';
import { orAborted } from '../or-aborted.ts';
import { toSource } from '../source.ts';

/** sshd allows ten sessions on a connection (MaxSessions); two stay free for a held lock and for stopping. */
const SESSIONS = 8;

const REFUSED_WAITS_MS = [20, 50, 100, 200, 500, 1000, 2000];

/** How long a peer may take to agree to the end of the connection. */
const GOODBYE_MS = 500;

/** One authenticated connection, guarded against what node-ssh leaves to its callers. */
export class Connection implements Executor {
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

  get lostBy(): Error | undefined {
    return this.#lostBy;
  }

  execute(line: string, execution: Execution): Promise<Ending | undefined> {
    return orAborted(
      execution.signal,
      this.#slots(() => this.#start(line, execution)),
    );
  }

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
    const running = this.#exec(line, signal, (opened) => {
      channel = opened;
      if (signal.aborted) return opened.close();
      opened.on('data', onStdout);
      opened.stderr.on('data', onStderr);
      if (source instanceof Readable) source.pipe(opened);
      else opened.end(source);
    });
    try {
      // A race: a machine that hangs never confirms that a channel is closed, and a connection that is lost
      // while a session is being opened is never reported to it.
      const reply = await orAborted(signal, Promise.race([running, this.#closed, broken]));
      if (reply === undefined || (reply.code === null && reply.signal === null)) return undefined;
      return reply.signal === null ? { exitCode: reply.code ?? 0 } : { signal: reply.signal };
    } catch (error) {
      if (this.#lostBy !== undefined || !this.#ssh.isConnected()) {
        signal.throwIfAborted();
        return undefined;
      }
      throw isRefusal(error) ? new SessionRefused(messageOf(error), { cause: error }) : error;
    } finally {
      unwatch();
      channel?.close();
      // A machine may go on sending whatever it was told: that is thrown away.
      channel?.off('data', onStdout).resume();
      channel?.stderr.off('data', onStderr).resume();
      // The command may have ended without reading everything: whoever fills the stream must not wait.
      if (source instanceof Readable) source.destroy();
    }
  }

  /**
   * Starts a command, waiting a little for a session to become free: sshd counts one that has just ended for
   * some moments, and its limit may be lower than ours. A command that was refused has not been started.
   */
  async #exec(line: string, signal: AbortSignal, begin: (channel: ClientChannel) => void): Promise<Reply> {
    for (const wait of REFUSED_WAITS_MS) {
      try {
        return await this.#execOnce(line, begin);
      } catch (error) {
        if (!isRefusal(error) || signal.aborted) throw error;
        await delay(wait);
      }
    }
    return this.#execOnce(line, begin);
  }

  /** Not node-ssh's execCommand, which remembers all that a command prints. */
  #execOnce(line: string, begin: (channel: ClientChannel) => void): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#client.exec(line, (error, channel) => {
        if (error !== undefined) return reject(error);
        let reply: Reply = { code: null, signal: null };
        channel.on('exit', (code: number | null, signal?: string) => {
          reply = { code, signal: signal ?? null };
        });
        channel.on('close', () => resolve(reply));
        begin(channel);
      });
    });
  }
}

/** How a command ended; both are null where the connection did. */
interface Reply {
  readonly code: number | null;
  readonly signal: string | null;
}

/** The words of ssh2 when a channel cannot be opened, or no command be started in it. */
function isRefusal(error: unknown): boolean {
  return /^\(SSH\) Channel open failure|^Unable to exec/.test(messageOf(error));
}
