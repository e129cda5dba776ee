import { cpuUsage, env } from 'node:process';
import fc from 'fast-check';
import { expect } from 'vitest';
import { KbootError } from '../../src/lib/errors.ts';

/** Characters of a text that is long: few beside what a machine may print, enough to show what grows too fast. */
const LONG = 100_000;

/** Milliseconds of the processor below which nobody asks whether a text takes too long. */
const SOON_MS = 500;

/** A text that is four times as long takes four times as long, and one that grows with the square sixteen times. */
const MOST_TIMES = 9;

const TOKEN = /"(?:[^"\\]|\\.)*"|[\w.-]+|\s|[^\w\s]/g;

const NUMBERS = [
  ...['0', '-1', '-0', '0.5', '1e300', '1e999', '0x10', '08', '9'.repeat(400), '9007199254740993', 'NaN'],
  ...['65536', '4294967296', '8640000000001', 'unlimited', 'null', '"1"'],
];

/** Deeper than what calls itself for every level can go. */
const DEEP = ['[', '{"a":'].map(
  (open) => `${open.repeat(20_000)}1${(open === '[' ? ']' : '}').repeat(20_000)}`,
);

/** What breaks programs in the place of a value. */
const NASTY = [
  ...[
    '',
    ' ',
    '\t',
    '\n',
    '\0',
    '\r\n',
    '\u001b[2J',
    '\u202e',
    '\ufffd',
    '\ud800',
    '😀',
    '..',
    '/',
    '-',
    '=',
  ],
  ...['null', 'true', '{}', '[]', '""', '[[1]]', '{"toString":1}', '{"length":-1}', '{"__proto__":{"a":1}}'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', ...DEEP],
];

/** The same where a text in quotes stood. */
const QUOTED = [
  '',
  'a\\u0000b',
  '\\u0000',
  'a\\tb',
  'a\\nb',
  '-rf',
  '../../x',
  '/x',
  ' ',
  '__proto__',
  '\\ud800',
].map((text) => `"${text}"`);

const number = fc.constantFrom(...NUMBERS);
const nasty = fc.oneof(
  fc.constantFrom(...NASTY),
  number,
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.json({ maxDepth: 2 }),
);

/** What may stand in the place of a token: often something of its own kind. */
function inPlaceOf(token: string): fc.Arbitrary<string> {
  const alike = token.startsWith('"') ? fc.constantFrom(...QUOTED) : /^\d/.test(token) ? number : nasty;
  return fc.oneof({ weight: 2, arbitrary: alike }, { weight: 1, arbitrary: nasty });
}

/** A text of which some tokens were replaced, repeated or left out, or which was cut off. */
function mutated(text: string): fc.Arbitrary<string> {
  const tokens = text.match(TOKEN) ?? [''];
  const anywhere = fc.nat(tokens.length - 1);
  const among = (pattern: RegExp): fc.Arbitrary<number> => {
    const places = [...tokens.keys()].filter((at) => pattern.test(tokens[at] ?? ''));
    return places.length === 0 ? anywhere : fc.constantFrom(...places);
  };
  // Numbers are few and break most.
  const at = fc.oneof(
    { weight: 3, arbitrary: among(/[\w"]/) },
    { weight: 2, arbitrary: among(/^-?\d+$/) },
    { weight: 1, arbitrary: anywhere },
  );
  const edit = at.chain((place) =>
    fc.record({
      place: fc.constant(place),
      how: fc.constantFrom('replace', 'replace', 'replace', 'insert', 'drop', 'double', 'swap'),
      what: inPlaceOf(tokens[place] ?? ''),
      other: anywhere,
    }),
  );
  const edits = fc.array(edit, { minLength: 1, maxLength: 4 });
  const cut = fc.option(fc.nat(text.length), { nil: undefined, freq: 6 });
  return fc.tuple(edits, cut).map(([all, end]) => {
    const made: string[] = [...tokens];
    for (const { place, how, what, other } of all) {
      const old = made[place] ?? '';
      if (how === 'replace') made[place] = what;
      if (how === 'insert') made[place] = `${what}${old}`;
      if (how === 'drop') made[place] = '';
      if (how === 'double') made[place] = `${old}${old}`;
      if (how === 'swap') made[place] = made[other] ?? '';
    }
    return made.join('').slice(0, end);
  });
}

/** Texts of about any length: one thing again and again, alone, or somewhere in a text that is right. */
function repeating(text: string): fc.Arbitrary<(length: number) => string> {
  const tokens = [...new Set(text.match(TOKEN) ?? [])].filter((token) => token.length < 60);
  const piece = fc.oneof(
    fc.constantFrom(
      ' ',
      '\n',
      '\t',
      '\\\n',
      '[',
      '{"a":',
      '(',
      '*',
      '*a',
      'a',
      '0',
      '-',
      ',',
      '|',
      '%',
      'a  ',
    ),
    fc.constantFrom(...(tokens.length === 0 ? [''] : tokens)),
    fc.constantFrom(...text.split('\n').map((line) => `${line.slice(0, 2_000)}\n`)),
  );
  return fc
    .tuple(fc.array(piece, { minLength: 1, maxLength: 2 }), fc.nat(text.length), fc.boolean())
    .map(([pieces, at, alone]) => {
      const part = pieces.join('');
      return (length) => {
        const repeated = part.repeat(Math.ceil(length / Math.max(1, part.length)));
        return alone ? repeated : `${text.slice(0, at)}${repeated}${text.slice(at)}`;
      };
    });
}

const MANY = env['KBOOT_E2E_ALL'] === '1' ? 20 : 1;

/**
 * Shows that `read` takes any text from a machine, or from a file that others wrote: it gives a value that is `right`,
 * or throws a KbootError, and takes no more time than the text has length. The texts are like those of `valid`, or
 * arbitrary, or long; the first of `valid` is right.
 */
export async function expectRightOrClear<T>(
  valid: readonly string[],
  read: (text: string) => T | Promise<T>,
  right: (value: T) => void = () => {},
): Promise<void> {
  right(await read(valid[0] ?? ''));
  /** Resolves with milliseconds of the processor. */
  const attempt = async (text: string): Promise<number> => {
    const started = cpuUsage();
    try {
      right(await read(text));
    } catch (error) {
      if (!(error instanceof KbootError)) throw error;
      expect(error.message.length).toBeLessThan(LONG);
    }
    const { user, system } = cpuUsage(started);
    return (user + system) / 1000;
  };
  // What else the computer does only adds: the least of three is nearest to what the text needs.
  const least = async (text: string): Promise<number> =>
    Math.min(await attempt(text), await attempt(text), await attempt(text));
  // On a slow machine as many as there is time for: a test has 30 s.
  const limits = { interruptAfterTimeLimit: 10_000 };
  const short = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...valid).chain(mutated) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
    { weight: 1, arbitrary: fc.json() },
  );
  await fc.assert(
    fc.asyncProperty(short, async (text) => void (await attempt(text))),
    {
      ...limits,
      numRuns: 2_000 * MANY,
    },
  );
  const grows = fc.asyncProperty(fc.constantFrom(...valid).chain(repeating), async (textOf) => {
    if ((await attempt(textOf(LONG))) < SOON_MS) return;
    const times = (await least(textOf(LONG))) / (await least(textOf(LONG / 4)));
    expect(times, textOf(20)).toBeLessThan(MOST_TIMES);
  });
  await fc.assert(grows, {
    ...limits,
    numRuns: 25 * MANY,
    // Shrinking what takes long takes very long.
    endOnFailure: true,
  });
}
