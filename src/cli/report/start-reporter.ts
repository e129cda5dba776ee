import type { Io } from '../io.ts';
import type { Paint } from '../render/paint.ts';
import type { Reporter } from './reporter.ts';

export interface ReportOptions {
  /** NDJSON for programs (`--events`). */
  readonly events?: boolean;
  /** Plain lines also on a terminal (`--plain`). */
  readonly plain?: boolean;
  readonly paint: Paint;
}

/** The reporter that suits the options and the terminal. Loads no other. */
export async function startReporter(io: Io, options: ReportOptions): Promise<Reporter> {
  if (options.events) return (await import('./json.ts')).jsonReporter(io.stderr, Date.now);
  if (!canDraw(io) || options.plain)
    return (await import('./lines.ts')).linesReporter(io.stderr, options.paint, Date.now);
  return (await import('./spinner.ts')).spinnerReporter(io.stderr, options.paint, Date.now);
}

/** A terminal whose list can be drawn anew. Serial lines say that they have no columns: there it cannot. */
function canDraw({ stderr, env }: Io): boolean {
  return stderr.isTTY === true && stderr.columns !== 0 && !env['CI'] && env['TERM'] !== 'dumb';
}
