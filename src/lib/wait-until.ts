import type { Clock } from './clock.ts';
import { KbootError } from './errors.ts';

interface WaitOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly everyMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly host?: string;
  readonly hint?: string;
  /** What is known of the reason; asked when the time is over, for the error. */
  readonly why?: () => string | Promise<string>;
}

/**
 * Polls until `probe` returns a value other than undefined and resolves with it. A probe that throws ends the
 * wait at once. Throws TIMED_OUT when the next try would come after `timeoutMs`.
 */
export async function waitUntil<T>(
  what: string,
  probe: () => Promise<T | undefined>,
  { clock, timeoutMs, everyMs, signal, host, hint, why }: WaitOptions,
): Promise<T> {
  const deadline = clock.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const value = await probe();
    if (value !== undefined) return value;
    if (clock.now() + everyMs > deadline) {
      const where = host === undefined ? '' : `${host}: `;
      const reason = await why?.();
      const because = reason ? `\n${reason}` : '';
      throw new KbootError('TIMED_OUT', `${where}${what}: not there after ${timeoutMs / 1000} s${because}`, {
        ...(host !== undefined && { host }),
        ...(hint !== undefined && { hint }),
      });
    }
    await clock.sleep(everyMs, signal);
  }
}
