/**
 * Thrown by a verb that only passes on the exit code of a program it ran for the user: that program has told what
 * there was to tell.
 */
export class ExitWith extends Error {
  override readonly name = 'ExitWith';
  readonly exitCode: number;
  /** The verb's result, for standard output. */
  readonly output: string;

  constructor(exitCode: number, output = '') {
    super(`exit code ${exitCode}`);
    this.exitCode = exitCode;
    this.output = output;
  }
}
