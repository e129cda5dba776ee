import fc from 'fast-check';
import { expect, test } from 'vitest';
import { paintFor } from '../../src/cli/render/paint.ts';
import { renderTable } from '../../src/cli/render/table.ts';
import { formatBytes, formatDuration, formatElapsed } from '../../src/lib/units.ts';
import { testIo } from '../helpers/io.ts';

test.each([
  [0, '0.0 s'],
  [449, '0.4 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min 00 s'],
  [125_000, '2 min 05 s'],
  [3_725_400, '62 min 05 s'],
])('formatDuration(%i)', (ms, text) => expect(formatDuration(ms)).toBe(text));

test.each([
  [999, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min 00 s'],
  [119_999, '1 min 59 s'],
])('formatElapsed(%i)', (ms, text) => expect(formatElapsed(ms)).toBe(text));

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [12_345_678, '12.3 MB'],
  [2e15, '2000.0 TB'],
])('formatBytes(%i)', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test('a table is as wide as its cells and has no trailing spaces', () => {
  expect(
    renderTable(
      ['NAME', 'ROLE', 'STATUS'],
      [
        ['master.example.com', 'master', 'Ready'],
        ['n1', '', ''],
      ],
    ),
  ).toBe('NAME                ROLE    STATUS\nmaster.example.com  master  Ready\nn1\n');
});

test('a cell of a table cannot leave its line', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.string({ unit: 'binary' }), { maxLength: 3 })), (rows) => {
      const table = renderTable(['A', 'B'], rows);
      expect(table.split('\n')).toHaveLength(rows.length + 2);
      expect(table).not.toContain('\u001b');
    }),
  );
});

test.each([
  ['a terminal', {}, true, true, true],
  ['a pipe', {}, false, true, false],
  ['--no-color', {}, true, false, false],
  ['NO_COLOR', { NO_COLOR: '1' }, true, true, false],
  ['an empty NO_COLOR', { NO_COLOR: '' }, true, true, true],
  ['a dumb terminal', { TERM: 'dumb' }, true, true, false],
])('colours on %s', (_where, env, isTTY, wanted, colored) => {
  const io = testIo([], { env });
  io.stderr.isTTY = isTTY;
  expect(paintFor(io, wanted)('red', 'x') !== 'x').toBe(colored);
});
