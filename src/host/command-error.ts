import { KbootError } from '../lib/errors.ts';
import type { Command } from './command.ts';
import { describe, lastLine } from './describe.ts';
import type { Output } from './host.ts';

/** A command that ran and did not exit with 0. */
export class CommandError extends KbootError {
  /** undefined when a signal ended the command. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;

  constructor(
    message: string,
    details: { host: string; exitCode: number | undefined; stdout: string; stderr: string },
  ) {
    super('COMMAND_FAILED', message, { host: details.host });
    this.exitCode = details.exitCode;
    this.stdout = details.stdout;
    this.stderr = details.stderr;
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
