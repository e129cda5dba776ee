import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { plain } from '../../src/cli/render/paint.ts';
import { spinnerReporter } from '../../src/cli/report/spinner.ts';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/** A terminal whose screen is a list of lines, with what ora needs to move about on it. */
class Screen extends Writable {
  readonly isTTY = true;
  readonly columns = 60;
  readonly rows = 20;
  written = '';
  lines = [''];
  #row = 0;
  #column = 0;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const text = chunk.toString();
    this.written += text;
    // Only modes and colours come as escape sequences: moving is done by the methods below.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one
    for (const char of text.replace(/\u001b\[[?\d;]*[a-z]/gi, '')) this.#put(char);
    done();
  }

  #put(char: string): void {
    if (char === '\n') {
      this.#row++;
      this.#column = 0;
      this.lines[this.#row] ??= '';
      return;
    }
    const line = (this.lines[this.#row] ?? '').padEnd(this.#column);
    this.lines[this.#row] = line.slice(0, this.#column) + char + line.slice(this.#column + 1);
    this.#column++;
  }

  cursorTo(column: number): void {
    this.#column = column;
  }

  moveCursor(_columns: number, rows: number): void {
    this.#row += rows;
  }

  clearLine(): void {
    this.lines[this.#row] = (this.lines[this.#row] ?? '').slice(0, this.#column);
  }

  get shown(): string[] {
    return this.lines.map((line) => line.trimEnd()).filter((line) => line !== '');
  }
}

test('the list is drawn below what is over, and is gone at the end', () => {
  const screen = new Screen();
  let now = 0;
  const { report, stop } = spinnerReporter(screen, plain, () => now);
  report({ type: 'note', text: 'reading kboot.yaml' });
  expect(screen.written).not.toContain(HIDE_CURSOR);
  report({ type: 'run-start', verb: 'join', hosts: ['a', 'b'] });
  report({ type: 'phase-start', phase: 'send', title: 'Send images', host: 'a' });
  report({ type: 'phase-start', phase: 'send', title: 'Send images', host: 'b' });
  now = 3000;
  report({ type: 'phase-end', phase: 'send', host: 'b', ms: 3000, ok: true });
  expect(screen.shown).toEqual([
    ' note reading kboot.yaml',
    '   ok b: Send images (3.0 s)',
    expect.stringMatching(/^\S join, 2 machines \(3 s\)$/),
    '      a: Send images, 3 s',
  ]);
  report({ type: 'phase-end', phase: 'send', host: 'a', ms: 3000, ok: false });
  report({ type: 'run-end', ok: false, ms: 3100 });
  expect(screen.shown).toEqual([
    ' note reading kboot.yaml',
    '   ok b: Send images (3.0 s)',
    ' FAIL a: Send images (3.0 s)',
    ' FAIL in 3.1 s',
  ]);
  stop();
  stop();
  expect(screen.written.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(screen.written.lastIndexOf(HIDE_CURSOR));
});

test('a run that throws in the middle of a phase leaves no list behind', () => {
  const screen = new Screen();
  const { report, stop } = spinnerReporter(screen, plain, () => 0);
  report({ type: 'run-start', verb: 'init', hosts: ['a'] });
  report({ type: 'phase-start', phase: 'x', title: 'X', host: 'a' });
  stop();
  expect(screen.shown).toEqual([]);
});
