import { KbootError } from '../lib/errors.ts';
import type { Command } from './command.ts';
import { describe, lastLine } from './describe.ts';
import type { Output } from './host.ts';

/** A command that ran and did not exit with 0. */
export class CommandError extends KbootError {
  /** undefined when a signal ended the command. */
  readonly exitCode: number | undefined;
  // Private, for an error is written into the log whole, and what a command printed may be secret.
  readonly #output: Output;

  constructor(
    message: string,
    details: { host: string; exitCode: number | undefined; stdout: string; stderr: string; hint?: string },
  ) {
    super('COMMAND_FAILED', message, { host: details.host, ...(details.hint && { hint: details.hint }) });
    this.exitCode = details.exitCode;
    this.#output = { stdout: details.stdout, stderr: details.stderr };
  }

  get stdout(): string {
    return this.#output.stdout;
  }

  get stderr(): string {
    return this.#output.stderr;
  }
}

/** How a command ended: by itself, or by a signal (SIGTERM and the like). */
export type Ending = { readonly exitCode: number } | { readonly signal: string };

/** The error for a command that ended otherwise than with exit code 0. */
export function commandFailed(host: string, command: Command, ending: Ending, output: Output): CommandError {
  const why = 'signal' in ending ? `killed by ${ending.signal}` : `exit code ${ending.exitCode}`;
  return new CommandError(withLastLine(`${host}: ${why}: ${describe(command)}`, command, output), {
    host,
    exitCode: 'exitCode' in ending ? ending.exitCode : undefined,
    ...output,
    ...(DISK_FULL.test(output.stderr) && {
      hint: `free some space on ${host} (df -h shows where), then run the same command again: it goes on where it stopped`,
    }),
  });
}

/**
 * What the C library says of ENOSPC in the C locale, under which every command runs, and Go in small letters. dash does
 * not say why it could not write; what else that can be is a disk that fails, and `df` shows that it has room.
 */
const DISK_FULL = /no space left on device|(?:printf|echo): I\/O error$/im;

/** The error for a command that printed more than anything that kboot runs prints. */
export function tooMuchOutput(host: string, command: Command, limit: number): KbootError {
  const message = `${host}: printed more than ${limit / 1024 / 1024} MiB and was stopped: ${describe(command)}`;
  return new KbootError('COMMAND_FAILED', message, {
    host,
    hint: `a healthy machine does not do that: see what its programs print, and whether ${host} can be trusted`,
  });
}

/** The error for a command that was given up at its time limit. */
export function timedOut(host: string, command: Command, limitMs: number, output: Output): KbootError {
  const message = `${host}: not finished after ${limitMs / 1000} s: ${describe(command)}`;
  return new KbootError('TIMED_OUT', withLastLine(message, command, output), { host });
}

/** The error for a command whose connection was lost: what became of the command is unknown. */
export function connectionLost(host: string, command: Command, cause: unknown, output: Output): KbootError {
  const message = `${host}: the connection was lost: ${describe(command)}`;
  return new KbootError('HOST_UNREACHABLE', withLastLine(message, command, output), {
    host,
    cause,
    hint: 'when the machine answers again, run the same command: kboot goes on where it stopped',
  });
}

function withLastLine(message: string, { secretOutput }: Command, { stderr }: Output): string {
  const last = secretOutput === true ? '' : lastLine(stderr);
  return last === '' ? message : `${message}\n${last}`;
}
