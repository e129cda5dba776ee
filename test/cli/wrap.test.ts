import { stripVTControlCharacters, styleText } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wrapLine } from '../../src/cli/render/wrap.ts';

describe('wrapLine', () => {
  it('leaves what fits as it is, with its blanks', () => {
    expect(wrapLine(' note  wrote  it ', 40, 6)).toBe(' note  wrote  it ');
  });

  it('breaks between words and indents what follows', () => {
    expect(wrapLine(' warn a: it uses cgroup v1', 14, 6)).toBe(
      ' warn a: it\n      uses\n      cgroup\n      v1',
    );
  });

  it('leaves a word whole that is too wide', () => {
    expect(wrapLine(' note see /a/very/long/path now', 10, 6)).toBe(
      ' note see\n      /a/very/long/path\n      now',
    );
  });

  it('gives colours no room', () => {
    const label = styleText('yellow', ' warn', { validateStream: false });
    expect(stripVTControlCharacters(wrapLine(`${label} one two`, 13, 6))).toBe(' warn one two');
  });

  it('loses no word, and is wider only where a single word is', () => {
    const word = fc.stringMatching(/^[a-z]{1,12}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 12, max: 60 }), (words, columns) => {
        const rows = wrapLine(words.join(' '), columns, 4).split('\n');
        expect(rows.flatMap((row) => row.trim().split(' '))).toEqual(words);
        for (const row of rows) expect(row.length <= columns || !row.trim().includes(' ')).toBe(true);
      }),
    );
  });
});
