/**
 * Exit code per error code, documented in the README. Scripts rely on these numbers: they are never
 * reused and only ever grow. 1 is left to bugs (an error that is not a KbootError).
 */
export const EXIT_CODES = {
  USAGE: 2,
  CONFIG_INVALID: 3,
  HOST_UNREACHABLE: 4,
  COMMAND_FAILED: 5,
  HOST_KEY_REFUSED: 6,
  PREFLIGHT_FAILED: 7,
  BUNDLE_INVALID: 8,
  TRUST_FAILED: 9,
  SOME_HOSTS_FAILED: 10,
  LOCKED: 11,
  TIMED_OUT: 12,
  SUDO_REFUSED: 13,
  REFUSED: 14,
  MISSING_REQUIREMENT: 15,
  BUILD_FAILED: 16,
  IMAGE_INVALID: 17,
  ROLLED_BACK: 18,
  STATE_INVALID: 19,
  UNHEALTHY: 20,
  CANCELLED: 130,
} as const;

export type ErrorCode = keyof typeof EXIT_CODES;

interface ErrorDetails {
  readonly cause?: unknown;
  /** Name of the machine the error happened on. */
  readonly host?: string;
  /** What the reader can do about it, as a full sentence or a command. */
  readonly hint?: string;
}

/** Characters of a message: it may quote a machine, or a file of somebody else's, and those can be of any length. */
const LONGEST = 16_000;

function shortened(text: string): string {
  return text.length > LONGEST
    ? `${text.slice(0, LONGEST)}... (${text.length - LONGEST} more characters)`
    : text;
}

/** An error kboot expects and can explain. Anything else that reaches main() is a bug and keeps its stack. */
export class KbootError extends Error {
  override readonly name = 'KbootError';
  readonly code: ErrorCode;
  readonly host: string | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, { cause, host, hint }: ErrorDetails = {}) {
    super(shortened(message), cause === undefined ? undefined : { cause });
    this.code = code;
    this.host = host;
    this.hint = hint === undefined ? undefined : shortened(hint);
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
