import { Readable } from 'node:stream';
import type { Command } from '../../src/host/command.ts';
import { commandFailed, type Ending } from '../../src/host/command-error.ts';
import { commandLine } from '../../src/host/describe.ts';
import type { Held, Host, Output } from '../../src/host/host.ts';
import { orAborted } from '../../src/host/or-aborted.ts';

/** What a command does: prints this on stdout, ends like that, or throws. */
export type Reply =
  | string
  | (Partial<Output> & Partial<Record<'exitCode', number> & Record<'signal', string>>)
  | Error
  | ((command: Command, stdin: string) => Reply | Promise<Reply>);

/**
 * A command by its argument list, by its line as logs show it (a script by its name; `sudo ` before it when it asks for
 * root), or by a test.
 */
export type Matcher = readonly string[] | string | RegExp | ((command: Command) => boolean);

/**
 * A machine for tests that fails on every command the test did not foresee. Replies are found in the order of
 * `on`; the first that matches answers, every time, unless it was given with `once`.
 */
export class FakeHost implements Host {
  readonly name: string;
  /** Everything that was done: `? query`, `! change`, `w 0644 /path`, `hold ...`, `let go ...`. */
  readonly transcript: string[] = [];
  /** What was written by writeFile. */
  readonly files = new Map<string, { readonly content: string; readonly mode: number }>();
  /** The commands that ran, with what they got on stdin. */
  readonly calls: { readonly command: Command; readonly stdin: string }[] = [];
  disposed = false;
  readonly #replies: { readonly matcher: Matcher; readonly reply: Reply; readonly once: boolean }[] = [];

  constructor(name = 'cp-1', replies: Readonly<Record<string, Reply>> = {}) {
    this.name = name;
    for (const [line, reply] of Object.entries(replies)) this.on(line, reply);
  }

  on(matcher: Matcher, reply: Reply = ''): this {
    this.#replies.push({ matcher, reply, once: false });
    return this;
  }

  once(matcher: Matcher, reply: Reply = ''): this {
    this.#replies.push({ matcher, reply, once: true });
    return this;
  }

  query(command: Command, signal?: AbortSignal): Promise<Output> {
    return this.#run('?', command, signal);
  }

  change(command: Command, signal?: AbortSignal): Promise<Output> {
    return this.#run('!', command, signal);
  }

  async writeFile(path: string, content: string, mode: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (!path.startsWith('/')) throw new TypeError(`not an absolute path: ${path}`);
    this.transcript.push(`w ${mode.toString(8).padStart(4, '0')} ${path}`);
    this.files.set(path, { content, mode });
  }

  async hold(command: Command, signal?: AbortSignal): Promise<Held> {
    const { stdout } = await this.#run('hold', command, signal);
    return {
      firstLine: stdout.split('\n')[0] ?? '',
      [Symbol.asyncDispose]: async () => {
        this.transcript.push(`let go ${lineOf(command)}`);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
  }

  async #run(sign: string, command: Command, signal: AbortSignal | undefined): Promise<Output> {
    signal?.throwIfAborted();
    const line = lineOf(command);
    const index = this.#replies.findIndex(({ matcher }) => matches(matcher, command));
    const found = this.#replies[index];
    if (found === undefined) throw new Error(`${this.name}: not foreseen by the test: ${line}`);
    if (found.once) this.#replies.splice(index, 1);
    this.transcript.push(`${sign} ${line}`);
    const stdin = await readAll(command.stdin);
    this.calls.push({ command, stdin });
    const answer = this.#answer(command, stdin, found.reply);
    return signal === undefined ? answer : orAborted(signal, answer);
  }

  async #answer(command: Command, stdin: string, reply: Reply): Promise<Output> {
    if (typeof reply === 'function') return this.#answer(command, stdin, await reply(command, stdin));
    if (reply instanceof Error) throw reply;
    if (typeof reply === 'string') return { stdout: reply, stderr: '' };
    const output = { stdout: reply.stdout ?? '', stderr: reply.stderr ?? '' };
    const ending: Ending =
      reply.signal === undefined ? { exitCode: reply.exitCode ?? 0 } : { signal: reply.signal };
    if ('exitCode' in ending && ending.exitCode === 0) return output;
    throw commandFailed(this.name, command, ending, output);
  }
}

function lineOf(command: Command): string {
  // As on a real machine: see loginLine().
  if (command.argv.some((word) => word.includes('\0')))
    throw new TypeError('an argument cannot hold a NUL character');
  return commandLine(command);
}

function matches(matcher: Matcher, command: Command): boolean {
  if (typeof matcher === 'function') return matcher(command);
  if (typeof matcher === 'string') return matcher === lineOf(command);
  if (matcher instanceof RegExp) return matcher.test(lineOf(command));
  return matcher.length === command.argv.length && matcher.every((word, i) => word === command.argv[i]);
}

async function readAll(stdin: Command['stdin']): Promise<string> {
  if (stdin === undefined) return '';
  if (!(stdin instanceof Readable)) return Buffer.from(stdin as string).toString('utf8');
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
