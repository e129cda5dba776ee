import { messageOf } from '../lib/errors.ts';
import { escapeLine, escapeText } from '../lib/escape.ts';
import type { Command } from './command.ts';
import { CommandError } from './command-error.ts';
import { commandLine } from './describe.ts';
import type { Held, Host, Output } from './host.ts';

/**
 * A host that writes down everything that is done on it: the command (a script by its first line and its arguments),
 * how it ended, how long it took, what it printed. What goes into a command's standard input or into a file is never written down, nor what a
 * command with `secretOutput` prints. `log` gets one line at a time, without control characters.
 */
export class LoggedHost implements Host {
  readonly name: string;
  readonly #inner: Host;
  readonly #log: (line: string) => void;
  readonly #now: () => number;
  #count = 0;

  /** `now` tells the time in milliseconds. */
  constructor(inner: Host, log: (line: string) => void, now: () => number = () => performance.now()) {
    this.name = inner.name;
    this.#inner = inner;
    this.#log = log;
    this.#now = now;
  }

  query(command: Command, signal?: AbortSignal): Promise<Output> {
    return this.#watch('?', commandLine(command), command, () => this.#inner.query(command, signal));
  }

  change(command: Command, signal?: AbortSignal): Promise<Output> {
    return this.#watch('!', commandLine(command), command, () => this.#inner.change(command, signal));
  }

  writeFile(
    path: string,
    content: string,
    mode: number,
    signal?: AbortSignal,
    under?: readonly string[],
  ): Promise<void> {
    const what = `write ${escapeLine(path)} (mode ${mode.toString(8)}, ${Buffer.byteLength(content)} bytes)`;
    return this.#watch('!', what, {}, () => this.#inner.writeFile(path, content, mode, signal, under));
  }

  async hold(command: Command, signal?: AbortSignal): Promise<Held> {
    const what = `hold ${commandLine(command)}`;
    const held = await this.#watch('!', what, command, () => this.#inner.hold(command, signal));
    return {
      firstLine: held.firstLine,
      [Symbol.asyncDispose]: () =>
        this.#watch('!', `let go ${commandLine(command)}`, command, async () => held[Symbol.asyncDispose]()),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#inner[Symbol.asyncDispose]();
  }

  async #watch<T>(
    sign: '?' | '!',
    what: string,
    command: Partial<Command>,
    run: () => Promise<T>,
  ): Promise<T> {
    this.#count += 1;
    // Several commands may run at a time: the number tells whose output a line is.
    const label = `${this.name} #${this.#count}`;
    const started = this.#now();
    const end = (how: string): void =>
      this.#log(`${label} = ${how} after ${((this.#now() - started) / 1000).toFixed(3)} s`);
    this.#log(`${label} ${sign} ${what}`);
    try {
      const result = await run();
      if (isOutput(result)) this.#output(label, command, result);
      end('ok');
      return result;
    } catch (error) {
      if (error instanceof CommandError) this.#output(label, command, error);
      const code = error instanceof CommandError ? error.exitCode : undefined;
      end(code === undefined ? escapeLine(messageOf(error)) : `exit code ${code}`);
      throw error;
    }
  }

  #output(label: string, { secretOutput }: Partial<Command>, { stdout, stderr }: Output): void {
    if (secretOutput === true) {
      this.#log(`${label} | [secret]`);
      return;
    }
    for (const [sign, text] of [
      ['|', stdout],
      ['|!', stderr],
    ] as const) {
      if (text === '') continue;
      for (const line of escapeText(text).replace(/\n$/, '').split('\n'))
        this.#log(`${label} ${sign} ${line}`);
    }
  }
}

function isOutput(result: unknown): result is Output {
  return typeof result === 'object' && result !== null && 'stdout' in result && 'stderr' in result;
}
