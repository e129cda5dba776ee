import { KbootError } from '../lib/errors.ts';

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
