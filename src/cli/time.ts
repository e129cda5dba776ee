import { InvalidArgumentError } from 'commander';
import { durationMs } from '../config/duration.ts';

/** The value of an option that is a time, `90s`, `10m` or `1h`, in seconds. Throws commander's error for any other. */
export function timeInSeconds(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined)
    throw new InvalidArgumentError('A time like 90s, 10m or 1h is expected, of at least 10s.');
  return ms / 1000;
}
