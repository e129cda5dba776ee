import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeJson, escapeLine, escapeText } from '../../src/lib/escape.ts';

test.each([
  ['plain text, é€😀', 'plain text, é€😀'],
  ['two\nlines\tand a tab', 'two\nlines\tand a tab'],
  ['\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
  ['\x1b]0;title\x07', '\\x1b]0;title\\x07'],
  ['\u009b31m', '\\x9b31m'],
  ['a\rb', 'a\\x0db'],
  ['a\r\nb', 'a\nb'],
  ['user\u202etxt.exe', 'user\\u202etxt.exe'],
  ['zero\u200bwidth', 'zero\\u200bwidth'],
  ['\x00\x7f', '\\x00\\x7f'],
  ['soft\u00adhyphen', 'soft\\xadhyphen'],
  ['arabic\u061cmark', 'arabic\\u061cmark'],
  ['tag\u{e0041}', 'tag\\u{e0041}'],
])('makes %j harmless', (text, escaped) => {
  expect(escapeText(text)).toBe(escaped);
});

test('keeps a text on one line when asked to', () => {
  expect(escapeLine('a\nb\tc')).toBe('a\\nb\\tc');
});

test('leaves no control character in any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(escapeLine(text)).not.toMatch(/\p{Cc}/u);
    }),
  );
});

test('JSON stays what it says', () => {
  const value = fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.string({ unit: 'binary' })));
  fc.assert(
    fc.property(value, (said) => {
      const json = escapeJson(JSON.stringify(said, undefined, 2));
      expect(JSON.parse(json)).toEqual(said);
      expect(escapeText(json)).toBe(json);
    }),
  );
});
