/** A failure of one machine. */
export interface Failure {
  readonly host: string;
  readonly phase: string;
  readonly error: unknown;
  /** The machine itself is well: what it waits for failed on another one. */
  readonly blocked?: true;
}
