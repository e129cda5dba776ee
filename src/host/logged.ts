import { messageOf } from '../lib/errors.ts';
import { escapeLine, escapeText } from '../lib/escape.ts';
import type { Command } from './command.ts';
import { CommandError } from './command-error.ts';
import { commandLine } from './describe.ts';
import type { Held, Host, Output } from './host.ts';

/**
 * A host that writes down everything that is done on it: the command (a script by its first line and its arguments),
 * how it ended, how long it took, what it printed. What goes into a command's standard input or into a file is never written down, nor what a
 * command with `secretOutput` prints, nor the middle of what is very long. `log` gets one line at a time, without control characters.
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
      for (const line of endsOf(text)) this.#log(`${label} ${sign} ${escapeText(line)}`);
    }
  }
}

/** Of what a command prints, the log takes so much from the beginning and from the end. */
const SIDE = { characters: 256 * 1024, lines: 5_000 };

/** The lines of a text; of a long one those at its ends. */
function endsOf(text: string): readonly string[] {
  const whole = text.endsWith('\n') ? text.slice(0, -1) : text;
  const lines = whole.length <= 2 * SIDE.characters ? whole.split('\n') : [];
  if (lines.length > 0 && lines.length <= 2 * SIDE.lines) return lines;
  const head = whole.slice(0, SIDE.characters).split('\n').slice(0, SIDE.lines);
  const tail = whole.slice(-SIDE.characters).split('\n').slice(-SIDE.lines);
  const taken = [...head, ...tail].reduce((sum, line) => sum + line.length + 1, 0);
  return [...head, `... ${whole.length - taken} characters are left out here`, ...tail];
}

function isOutput(result: unknown): result is Output {
  return typeof result === 'object' && result !== null && 'stdout' in result && 'stderr' in result;
}
