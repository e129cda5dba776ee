import { constants } from 'node:os';
import { ExecaError, execa } from 'execa';
import { toShell } from '../host/command.ts';
import { lastLine } from '../host/describe.ts';
import { KbootError } from '../lib/errors.ts';

interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; no limit when absent. */
  readonly timeoutMs?: number;
  /**
   * Lets the program come to its end, once started: neither `signal` nor Ctrl-C in the terminal nor the end of this
   * process reaches it. For programs that leave half a job behind when they are ended.
   */
  readonly uninterrupted?: boolean;
}

/** Characters that a program may print to each stream: far more than any does that the lab runs. */
const MOST_PRINTED = 16 * 1024 * 1024;

/**
 * Runs a program on this machine and returns its standard output. Throws COMMAND_FAILED with the command and the
 * last line that it wrote, TIMED_OUT at the limit, MISSING_REQUIREMENT when the program is not there; when `signal`
 * aborts, its reason.
 */
export async function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<string> {
  const { stdin, env, signal, timeoutMs, uninterrupted = false } = options;
  signal?.throwIfAborted();
  const [program, ...args] = argv;
  try {
    const { stdout } = await execa(program, args, {
      all: true,
      maxBuffer: MOST_PRINTED,
      ...(stdin === undefined ? { stdin: 'ignore' } : { input: stdin }),
      ...(env && { env }),
      ...(uninterrupted ? { detached: true, cleanup: false } : signal && { cancelSignal: signal }),
      ...(timeoutMs !== undefined && { timeout: timeoutMs }),
    });
    return stdout;
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof ExecaError)) throw error;
    if (error.code === 'ENOENT') throw notInstalled(program, error);
    if (error.isMaxBuffer) {
      const most = `${MOST_PRINTED / 1024 / 1024} MiB`;
      throw new KbootError(
        'COMMAND_FAILED',
        `this machine: printed more than ${most} and was stopped: ${toShell(argv)}`,
        { hint: `see what ${program} prints` },
      );
    }
    const seconds = (timeoutMs ?? 0) / 1000;
    const [code, how] = error.timedOut
      ? (['TIMED_OUT', `no end after ${seconds} s`] as const)
      : (['COMMAND_FAILED', endOf(error)] as const);
    const last = lastLine(String(error.all ?? ''));
    throw new KbootError(code, `this machine: ${how}: ${toShell(argv)}${last && `\n${last}`}`, {
      cause: error,
    });
  }
}

/** What a command on a machine that is coming or going resolves with; undefined when it failed. */
export async function unlessFailed<T>(command: Promise<T>): Promise<T | undefined> {
  return command.catch((error) => {
    if (error instanceof KbootError && error.code === 'COMMAND_FAILED') return undefined;
    throw error;
  });
}

/** Whether a program ends with exit code 0. Throws what `run` throws when it could not be run at all. */
export async function succeeds(argv: readonly [string, ...string[]], signal?: AbortSignal): Promise<boolean> {
  const [program, ...args] = argv;
  const result = await execa(program, args, {
    reject: false,
    stdio: 'ignore',
    ...(signal && { cancelSignal: signal }),
  });
  signal?.throwIfAborted();
  return result.exitCode === 0;
}

/**
 * Hands the terminal to a program and returns its exit code: 128 + the signal's number when a signal ended it, as
 * a shell would say.
 */
export async function runInTerminal(argv: readonly [string, ...string[]]): Promise<number> {
  const [program, ...args] = argv;
  const { exitCode, signal } = await execa(program, args, { stdio: 'inherit', reject: false });
  return exitCode ?? 128 + (signal === undefined ? 0 : constants.signals[signal]);
}

function notInstalled(program: string, cause: Error): KbootError {
  return new KbootError('MISSING_REQUIREMENT', `this machine has no program ${program}`, {
    cause,
    hint: 'kboot lab up names the packages that the lab needs',
  });
}

function endOf(error: ExecaError): string {
  if (error.exitCode !== undefined) return `exit code ${error.exitCode}`;
  return error.signal === undefined ? (error.originalMessage ?? 'not run') : `ended by ${error.signal}`;
}
