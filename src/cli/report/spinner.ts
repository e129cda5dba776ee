import type { Writable } from 'node:stream';
import ora from 'ora';
import type { Paint } from '../render/paint.ts';
import { plain } from '../render/paint.ts';
import { wrapLine } from '../render/wrap.ts';
import { LiveList } from './live.ts';
import type { Reporter } from './reporter.ts';

type TerminalStream = Writable & { readonly columns?: number; readonly rows?: number };

/** Columns of the label in front of a line. */
const LABEL_COLUMNS = 6;

/**
 * A spinner over a live list of phases and machines; what is over scrolls up and stays. It shows itself when
 * the first machine or phase is begun: before that the terminal may be asking a question.
 */
export function spinnerReporter(stream: TerminalStream, paint: Paint, now: () => number): Reporter {
  const live = new LiveList(paint, now());
  const list = (): string => {
    const columns = (stream.columns ?? 80) - 1;
    const lines = live.list(now(), columns - LABEL_COLUMNS, stream.rows ?? 24);
    return [`(${live.elapsed(now())})`, ...lines.map((line) => `${' '.repeat(LABEL_COLUMNS)}${line}`)].join(
      '\n',
    );
  };
  const spinner = ora({
    stream: stream as NodeJS.WritableStream,
    // Called again for every frame, so that the times run.
    suffixText: list,
    // ora would put the terminal into raw mode, where Ctrl-C is not a signal.
    discardStdin: false,
    isEnabled: true,
    color: paint === plain ? false : 'cyan',
  });
  return {
    report: (event) => {
      const lines = live.apply(event, now());
      if (event.type === 'run-end') spinner.stop();
      else if (event.type !== 'note' && event.type !== 'warning') spinner.start(live.headline());
      // While the spinner turns, ora makes room above it for what is written to the terminal.
      for (const line of lines) stream.write(`${wrapLine(line, stream.columns ?? 80, LABEL_COLUMNS)}\n`);
    },
    stop: () => void spinner.stop(),
  };
}
