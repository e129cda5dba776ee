import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EXIT_CODES } from '../../src/lib/errors.ts';

test('the page lists exactly the codes that there are', () => {
  const page = readFileSync(new URL('../../docs/exit-codes.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| (\d+) \| `([A-Z_]+)` \| .+ \|$/gm)].map(([, code, name]) => [
    name,
    Number(code),
  ]);
  expect(Object.fromEntries(documented)).toEqual(EXIT_CODES);
});

test('no two errors share a code, and none has that of a bug or of success', () => {
  const codes = Object.values(EXIT_CODES);
  expect(new Set([0, 1, ...codes]).size).toBe(codes.length + 2);
});
