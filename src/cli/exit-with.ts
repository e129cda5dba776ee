/**
 * Thrown for a verb that only passes on the exit code of a program it ran for the user: that program has told what there
 * was to tell.
 */
export class ExitWith extends Error {
  override readonly name = 'ExitWith';
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}
