import { escapeLine } from '../../lib/escape.ts';
import type { Event } from '../../lib/events.ts';
import { formatDuration, formatElapsed } from '../../lib/units.ts';
import type { Paint } from '../render/paint.ts';
import { lineFormatter } from './lines.ts';
import { formatProgress } from './progress.ts';

/** With more machines than this, phases are shown as counts instead of one line each machine. */
const MANY_MACHINES = 6;
/** Lines of the terminal left to what is above the list and below it. */
const RESERVED_ROWS = 4;
const MOST_LINES = 16;

interface Running {
  readonly phase: string;
  readonly host: string;
  readonly startedAt: number;
  progress: string;
}

interface Tally {
  readonly title: string;
  running: number;
  ok: number;
  failed: number;
  slowestMs: number;
}

/** The state of a run as a terminal shows it: lines that stay, and a list below them that is drawn anew. */
export class LiveList {
  readonly #paint: Paint;
  readonly #format: (event: Event) => string | undefined;
  readonly #running = new Map<string, Running>();
  readonly #tallies = new Map<string, Tally>();
  #verb = 'kboot';
  #hosts: readonly string[] = [];
  readonly #startedAt: number;

  constructor(paint: Paint, now: number) {
    this.#paint = paint;
    this.#format = lineFormatter(paint);
    this.#startedAt = now;
  }

  /** Takes an event and gives back the lines that it leaves on the screen for good. */
  apply(event: Event, now: number): readonly string[] {
    this.#remember(event, now);
    const line = this.#format(event);
    if (line === undefined || !this.#stays(event)) return [];
    return event.type === 'run-end' ? [...this.#summary(), line] : [line];
  }

  /** The text beside the spinner: what is being done to how many machines. */
  headline(): string {
    return this.#hosts.length > 1 ? `${this.#verb}, ${this.#hosts.length} machines` : this.#verb;
  }

  /** How long the run takes so far. */
  elapsed(now: number): string {
    return formatElapsed(now - this.#startedAt);
  }

  /** The list below: no line is wider than `columns`, and there are no more of them than fit `rows`. */
  list(now: number, columns: number, rows: number): readonly string[] {
    const lines = this.#isMany() ? this.#tallyLines() : this.#phaseLines(now);
    const room = Math.max(1, Math.min(MOST_LINES, rows - RESERVED_ROWS));
    const shown = lines.length > room ? lines.slice(0, room - 1) : lines;
    const hidden = lines.length - shown.length;
    return [...shown, ...(hidden > 0 ? [`... and ${hidden} more`] : [])].map((line) => cut(line, columns));
  }

  #remember(event: Event, now: number): void {
    if (event.type === 'run-start') {
      this.#verb = event.verb;
      this.#hosts = event.hosts;
    }
    if (!('phase' in event) || event.type === 'phase-skip') return;
    const key = `${event.host} ${event.phase}`;
    if (event.type === 'phase-start') {
      this.#running.set(key, { phase: event.phase, host: event.host, startedAt: now, progress: '' });
      const tally = this.#tallies.get(event.phase) ?? newTally(event.title);
      tally.running++;
      this.#tallies.set(event.phase, tally);
    }
    const running = this.#running.get(key);
    if (event.type === 'phase-progress' && running) running.progress = formatProgress(event);
    if (event.type === 'phase-end') {
      this.#running.delete(key);
      const tally = this.#tallies.get(event.phase);
      if (!tally) return;
      tally.running--;
      tally[event.ok ? 'ok' : 'failed']++;
      tally.slowestMs = Math.max(tally.slowestMs, event.ms);
    }
  }

  #stays(event: Event): boolean {
    if (event.type === 'phase-end') return !event.ok || !this.#isMany();
    return event.type === 'note' || event.type === 'warning' || event.type === 'run-end';
  }

  #isMany(): boolean {
    return this.#hosts.length > MANY_MACHINES;
  }

  #phaseLines(now: number): string[] {
    return [...this.#running.values()].map(({ phase, host, startedAt, progress }) => {
      const title = this.#tallies.get(phase)?.title ?? phase;
      const detail = progress === '' ? '' : `: ${progress}`;
      return `${escapeLine(host)}: ${title}, ${formatElapsed(now - startedAt)}${detail}`;
    });
  }

  #tallyLines(): string[] {
    return [...this.#tallies.values()]
      .filter(({ running }) => running > 0)
      .map(
        ({ title, running, ok, failed }) =>
          `${title}: ${running} running, ${ok} done${failed > 0 ? `, ${failed} failed` : ''}`,
      );
  }

  #summary(): string[] {
    if (!this.#isMany()) return [];
    return [...this.#tallies.values()].map(({ title, ok, failed, slowestMs }) => {
      const mark = failed > 0 ? this.#paint('red', ' FAIL') : this.#paint('green', '   ok');
      const failures = failed > 0 ? `, ${failed} failed` : '';
      return `${mark} ${title}: ${ok} ${ok === 1 ? 'machine' : 'machines'}${failures}, at most ${formatDuration(slowestMs)}`;
    });
  }
}

function newTally(title: string): Tally {
  return { title, running: 0, ok: 0, failed: 0, slowestMs: 0 };
}

function cut(line: string, columns: number): string {
  const characters = [...line];
  return characters.length <= columns ? line : `${characters.slice(0, Math.max(0, columns - 3)).join('')}...`;
}
