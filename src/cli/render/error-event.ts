import { KbootError, messageOf } from '../../lib/errors.ts';
import type { EventLine } from '../json/events.ts';
import { partsOf } from './error.ts';

/** What failed, for programs: the last line of `--events`. */
type ErrorEvent = Extract<EventLine, { type: 'error' }>;

/** An error as an event. */
export function errorEvent(error: unknown, logPath?: string): ErrorEvent {
  const known = error instanceof KbootError ? error : undefined;
  const parts = partsOf(error);
  const unexpected = parts.length > 0 ? 'SOME_HOSTS_FAILED' : 'BUG';
  return {
    type: 'error',
    code: known?.code ?? unexpected,
    message: messageOf(error),
    ...(known?.host !== undefined && { host: known.host }),
    ...(known?.hint !== undefined && { hint: known.hint }),
    ...(logPath !== undefined && { log: logPath }),
    ...(parts.length > 0 && { failures: parts.map((part) => errorEvent(part)) }),
  };
}
