import { expect, it } from 'vitest';
import { durationMs } from '../../src/config/duration.ts';

it.each([
  ['10s', 10_000],
  ['90s', 90_000],
  ['15m', 900_000],
  ['1h', 3_600_000],
  ['9s', undefined],
  ['0m', undefined],
  ['15', undefined],
  ['1.5m', undefined],
  ['-5m', undefined],
  ['5 m', undefined],
  ['', undefined],
])('reads the time %s', (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});
