/** A verb's error on its way to main, which alone tells the user: what was thrown, and where the whole log is. */
export class RunFailed extends Error {
  override readonly name = 'RunFailed';
  readonly logPath: string;

  constructor(logPath: string, cause: unknown) {
    super('the run failed', { cause });
    this.logPath = logPath;
  }
}
