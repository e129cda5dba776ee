import { escapeLine } from '../../lib/escape.ts';
import type { Event } from '../../lib/events.ts';
import { formatBytes } from '../../lib/units.ts';

type Progress = Extract<Event, { type: 'phase-progress' }>;

/** Progress as a short text: `42%, 12.3 MB of 29.0 MB, layer 3`; empty when the event says nothing. */
export function formatProgress({ text, done, total }: Omit<Progress, 'type' | 'phase' | 'host'>): string {
  const parts: string[] = [];
  if (done !== undefined && total !== undefined && total > 0)
    parts.push(
      `${Math.floor((100 * Math.min(done, total)) / total)}%`,
      `${formatBytes(done)} of ${formatBytes(total)}`,
    );
  else if (done !== undefined) parts.push(formatBytes(done));
  if (text !== undefined && text !== '') parts.push(escapeLine(text));
  return parts.join(', ');
}
