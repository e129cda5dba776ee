import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { KbootError } from '../lib/errors.ts';
import {
  type Account,
  accountCommand,
  isSudoRefusal,
  parseAccount,
  rootPrefix,
  sudoRefused,
} from './account.ts';
import type { Command } from './command.ts';
import { commandFailed, connectionLost, type Ending, timedOut, tooMuchOutput } from './command-error.ts';
import { type Executor, SessionRefused } from './executor.ts';
import type { Held, Host, Output } from './host.ts';
import { loginLine } from './login-line.ts';
import { FirstLine, MOST_HELD, MOST_OUTPUT, OutputBuffer } from './output-buffer.ts';
import { stopCommand } from './stop-command.ts';
import { TimeLimit } from './time-limit.ts';
import { writeFileCommand } from './write-file.ts';

/** How often a held command is told that it is still held, in milliseconds. */
export const HEARTBEAT_MS = 10_000;

/** How long a command that was given up, or let go, may take to end. */
const STOP_MS = 5_000;

export interface ShellHostOptions {
  readonly name: string;
  /** The login, for messages. */
  readonly user: string;
  readonly executor: Executor;
  /** Milliseconds a command may take when it sets no limit itself. */
  readonly commandTimeoutMs: number;
}

/** A machine whose commands run as lines of its login shell, whichever that is. */
export class ShellHost implements Host {
  readonly name: string;
  readonly #user: string;
  readonly #executor: Executor;
  readonly #commandTimeoutMs: number;
  readonly #stopping = new Set<Promise<unknown>>();
  #account: Account = { root: 'refused', reason: 'not asked yet' };

  private constructor({ name, user, executor, commandTimeoutMs }: ShellHostOptions) {
    this.name = name;
    this.#user = user;
    this.#executor = executor;
    this.#commandTimeoutMs = commandTimeoutMs;
  }

  /**
   * Takes over an executor and finds out, in one round trip, how root is reached. A login that cannot
   * become root is no error until a command asks for it.
   */
  static async open(options: ShellHostOptions, signal?: AbortSignal): Promise<ShellHost> {
    const host = new ShellHost(options);
    try {
      host.#account = parseAccount(host.name, await host.query(accountCommand, signal));
      return host;
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
  }

  query(command: Command, signal?: AbortSignal): Promise<Output> {
    return this.#run(command, signal);
  }

  change(command: Command, signal?: AbortSignal): Promise<Output> {
    return this.#run(command, signal);
  }

  async writeFile(
    path: string,
    content: string,
    mode: number,
    signal?: AbortSignal,
    under: readonly string[] = [],
  ): Promise<void> {
    await this.#run({ ...writeFileCommand(path, content, mode), under }, signal);
  }

  async hold(command: Command, signal?: AbortSignal): Promise<Held> {
    const { line, run } = this.#prepare(command);
    const limit = new TimeLimit(command.timeoutMs ?? this.#commandTimeoutMs, signal);
    const release = new AbortController();
    const output = new OutputBuffer(() => {
      release.abort(tooMuchOutput(this.name, command, MOST_HELD));
      this.#stop(run, command);
    }, MOST_HELD);
    const first = new FirstLine();
    const input = new PassThrough();
    const ended = this.#executor.executeBeside(line, {
      stdin: input,
      signal: release.signal,
      onStdout: (chunk) => {
        first.onChunk(chunk);
        output.onStdout(chunk);
      },
      onStderr: output.onStderr,
    });
    const beat = setInterval(() => input.write('\n'), HEARTBEAT_MS);
    beat.unref();
    const ending = ended.catch(() => undefined).finally(() => clearInterval(beat));
    const aborted = new Promise<never>((_resolve, reject) => {
      limit.signal.addEventListener('abort', () => reject(limit.signal.reason), { once: true });
    });
    try {
      const tooEarly = ended.then((end) => Promise.reject(this.#failure(command, end, output.read())));
      const firstLine = await Promise.race([first.line, tooEarly, aborted]);
      const letGo = async (): Promise<void> => {
        clearInterval(beat);
        input.end();
        const over = await Promise.race([ending.then(() => true), delay(STOP_MS, false, { ref: false })]);
        if (!over) this.#stop(run, command);
        release.abort();
      };
      return { firstLine, [Symbol.asyncDispose]: letGo };
    } catch (error) {
      release.abort();
      throw this.#explain(error, command, run, limit, output);
    } finally {
      limit.clear();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.race([Promise.all(this.#stopping), delay(STOP_MS, undefined, { ref: false })]);
    await this.#executor[Symbol.asyncDispose]();
  }

  async #run(command: Command, signal?: AbortSignal): Promise<Output> {
    const { line, run } = this.#prepare(command);
    const limit = new TimeLimit(command.timeoutMs ?? this.#commandTimeoutMs, signal);
    const flood = new AbortController();
    const output = new OutputBuffer(() => flood.abort(tooMuchOutput(this.name, command, MOST_OUTPUT)));
    try {
      const ending = await this.#executor.execute(line, {
        stdin: command.stdin,
        signal: AbortSignal.any([limit.signal, flood.signal]),
        onStdout: output.onStdout,
        onStderr: output.onStderr,
      });
      if (ending !== undefined && 'exitCode' in ending && ending.exitCode === 0) return output.read();
      throw this.#failure(command, ending, output.read());
    } catch (error) {
      if (flood.signal.aborted) this.#stop(run, command);
      throw this.#explain(error, command, run, limit, output);
    } finally {
      limit.clear();
    }
  }

  #prepare(command: Command): { line: string; run: string } {
    const run = randomBytes(8).toString('hex');
    const prefix = command.sudo === true ? rootPrefix(this.name, this.#user, this.#account) : [];
    return { line: loginLine(command, prefix, run), run };
  }

  #failure(command: Command, ending: Ending | undefined, output: Output): KbootError {
    if (ending === undefined) return connectionLost(this.name, command, this.#executor.lostBy, output);
    if (command.sudo === true && isSudoRefusal(output)) {
      return sudoRefused(this.name, this.#user, 'sudo asks for a password');
    }
    return commandFailed(this.name, command, ending, output);
  }

  /** Makes the error to throw of what was thrown, and ends the command where it may still run. */
  #explain(error: unknown, command: Command, run: string, limit: TimeLimit, output: OutputBuffer): unknown {
    if (error instanceof KbootError && !limit.signal.aborted) return error;
    if (error instanceof SessionRefused) {
      return new KbootError('HOST_UNREACHABLE', `${this.name}: sshd opens no session: ${error.message}`, {
        host: this.name,
        cause: error,
        hint: 'kboot uses up to 10 sessions at a time: see MaxSessions in the sshd_config of the machine',
      });
    }
    this.#stop(run, command);
    return limit.expired ? timedOut(this.name, command, limit.ms, output.read()) : error;
  }

  /** Ends the processes of a command in the background; disposing waits for it. */
  #stop(run: string, { sudo }: Command): void {
    const command = stopCommand(run, sudo === true);
    const { line } = this.#prepare(command);
    const limit = new TimeLimit(STOP_MS);
    const ignore = (): void => {};
    const stopping = this.#executor
      .executeBeside(line, { signal: limit.signal, onStdout: ignore, onStderr: ignore })
      .catch(ignore)
      .finally(() => {
        limit.clear();
        this.#stopping.delete(stopping);
      });
    this.#stopping.add(stopping);
  }
}
