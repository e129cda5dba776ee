import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { TimeLimit } from '../../src/host/time-limit.ts';

test.each([2 ** 31, 1e12, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY])(
  'a limit of %s ms, which is more than a timer takes, is not over at once',
  async (ms) => {
    const limit = new TimeLimit(ms);
    await delay(50);
    expect(limit.signal.aborted).toBe(false);
    limit.clear();
  },
);
