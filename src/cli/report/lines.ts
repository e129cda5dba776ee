import type { Writable } from 'node:stream';
import { escapeLine } from '../../lib/escape.ts';
import type { Event } from '../../lib/events.ts';
import { formatDuration } from '../../lib/units.ts';
import { type Paint, plain } from '../render/paint.ts';
import { formatProgress } from './progress.ts';
import type { Reporter } from './reporter.ts';

/** A phase says no more often than this how far it is: a long build must not look dead nor fill the log. */
const PROGRESS_EVERY_MS = 15_000;

/** Plain lines, one for each thing that happens: for CI, pipes and files. */
export function linesReporter(stream: Writable, paint: Paint, now: () => number): Reporter {
  const format = lineFormatter(paint);
  const lastProgress = new Map<string, number>();
  return {
    report: (event) => {
      if (event.type === 'phase-start') lastProgress.set(`${event.host} ${event.phase}`, now());
      if (event.type === 'phase-progress') {
        const key = `${event.host} ${event.phase}`;
        if (now() - (lastProgress.get(key) ?? 0) < PROGRESS_EVERY_MS) return;
        lastProgress.set(key, now());
      }
      const line = format(event);
      if (line !== undefined) stream.write(`${line}\n`);
    },
    stop: () => {},
  };
}

/**
 * Makes one line of each event, or none of it; remembers the titles of phases, and what was said of one machine, so
 * that it is not said at length of every other.
 */
export function lineFormatter(paint: Paint = plain): (event: Event) => string | undefined {
  const titles = new Map<string, string>();
  const firstHosts = new Map<string, string>();
  const textOf = ({ host, text }: { readonly host?: string | undefined; readonly text: string }): string => {
    if (host === undefined) return text;
    const first = firstHosts.get(text) ?? host;
    firstHosts.set(text, first);
    return first === host ? text : `the same as ${first}`;
  };
  return (event) => {
    if (event.type === 'phase-start') titles.set(event.phase, event.title);
    const title = 'phase' in event ? (titles.get(event.phase) ?? event.phase) : '';
    switch (event.type) {
      case 'run-start':
        return event.hosts.length === 0 ? event.verb : `${event.verb}: ${event.hosts.join(', ')}`;
      case 'phase-start':
        return `${paint('dim', 'start')} ${event.host}: ${title}`;
      case 'phase-progress':
        return `${paint('dim', '   ..')} ${event.host}: ${title}: ${formatProgress(event)}`;
      case 'phase-skip':
        return `${paint('dim', ' skip')} ${event.host}: ${event.title}: ${escapeLine(event.because)}`;
      case 'phase-end': {
        const took = formatDuration(event.ms);
        if (event.ok) return `${paint('green', '   ok')} ${event.host}: ${title} (${took})`;
        return `${paint('red', ' FAIL')} ${event.host}: ${title} (${took})`;
      }
      case 'note':
      case 'warning': {
        const where = event.host === undefined ? '' : `${event.host}: `;
        const label = event.type === 'note' ? paint('cyan', ' note') : paint('yellow', ' warn');
        return `${label} ${where}${escapeLine(textOf(event))}`;
      }
      case 'run-end':
        return `${event.ok ? paint('green', ' done') : paint('red', ' FAIL')} in ${formatDuration(event.ms)}`;
    }
  };
}
