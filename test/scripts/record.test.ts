import { describe, expect, it } from 'vitest';
import { parseScreen } from '../../scripts/record/ansi.mjs';
import { renderSvg } from '../../scripts/record/svg.mjs';

const plain = { color: undefined, bold: false, dim: false };

describe('parseScreen', () => {
  it('splits lines into runs of equal style, without blanks at the end', () => {
    expect(parseScreen('\u001b[32m   ok\u001b[39m a  \n\nb')).toEqual([
      [
        { ...plain, text: '   ok', color: 'green' },
        { ...plain, text: ' a' },
      ],
      [],
      [{ ...plain, text: 'b' }],
    ]);
  });

  it('goes on with a style on the next line, until it ends', () => {
    expect(parseScreen('\u001b[1;2;91ma\nb\u001b[22mc\u001b[0md')).toEqual([
      [{ text: 'a', color: 'red', bold: true, dim: true }],
      [
        { text: 'b', color: 'red', bold: true, dim: true },
        { ...plain, text: 'c', color: 'red' },
        { ...plain, text: 'd' },
      ],
    ]);
  });

  it('throws for a style that it would lose', () => {
    expect(() => parseScreen('\u001b[4munderlined')).toThrow('unknown SGR code: 4');
  });
});

describe('renderSvg', () => {
  const frame = (at: number, ...lines: string[]) => ({
    at,
    lines: lines.map((line) => parseScreen(line)[0]),
  });
  const render = (...frames: object[]): string =>
    renderSvg({ frames, columns: 20, rows: 4, title: 'a & b', holdMs: 500 });

  it('shows the last frame where nothing moves', () => {
    const svg = render(frame(0, 'one'), frame(500, 'two'));
    const [, width] = /viewBox="0 0 (\d+)/.exec(svg) ?? [];
    expect(svg).toContain(`<g class="frames" transform="translate(-${width})">`);
    expect(svg).toContain(
      `@keyframes play{0%{transform:translateX(0px)}50%{transform:translateX(-${width}px)}`,
    );
  });

  it('has each line once, however often it is seen', () => {
    const svg = render(frame(0, 'same', 'one'), frame(1, 'same', 'two'));
    expect(svg.match(/>same</g)).toHaveLength(1);
    expect(svg.match(/href="#l0"/g)).toHaveLength(2);
  });

  it('escapes text', () => {
    const svg = render(frame(0, '<none> & "x"'));
    expect(svg).toContain('&lt;none&gt; &amp; &quot;x&quot;');
    expect(svg).toContain('<title>a &amp; b</title>');
  });
});
