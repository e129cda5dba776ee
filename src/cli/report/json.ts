import type { Writable } from 'node:stream';
import { escapeJson } from '../../lib/escape.ts';
import type { EventLine } from '../json/events.ts';
import type { Reporter } from './reporter.ts';

/** One JSON object a line: the event with `time`, its moment in RFC 3339, in front. */
export function jsonReporter(stream: Writable, now: () => number): Reporter {
  return {
    report: (event) => {
      const line: EventLine = { time: new Date(now()).toISOString(), ...event };
      stream.write(`${escapeJson(JSON.stringify(line))}\n`);
    },
    stop: () => {},
  };
}
