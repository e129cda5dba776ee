import type { Report } from '../../lib/events.ts';

/** Shows the events of a run to somebody. */
export interface Reporter {
  readonly report: Report;
  /** Ends the showing and leaves the terminal as it was. May be called twice. */
  stop(): void;
}
