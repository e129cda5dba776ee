import { expect, test } from 'vitest';
import { cacheDirectory, stateDirectory } from '../../src/lib/base-directories.ts';
import { logDirectory } from '../../src/lib/log-file.ts';

test.each([
  ['/else', '/else/kboot', '/else/kboot'],
  // As the XDG specification asks, a relative value counts as unset.
  ['else', '/home/op/.local/state/kboot', '/home/op/.cache/kboot'],
  ['', '/home/op/.local/state/kboot', '/home/op/.cache/kboot'],
  [undefined, '/home/op/.local/state/kboot', '/home/op/.cache/kboot'],
])('XDG_STATE_HOME and XDG_CACHE_HOME are %j', (value, state, cache) => {
  const places = { env: { XDG_STATE_HOME: value, XDG_CACHE_HOME: value }, home: '/home/op' };
  expect(stateDirectory(places)).toBe(state);
  expect(logDirectory(places)).toBe(`${state}/logs`);
  expect(cacheDirectory(places)).toBe(cache);
});
