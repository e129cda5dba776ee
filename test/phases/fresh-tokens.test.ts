import { expect, it } from 'vitest';
import { newToken } from '../../src/kubeadm/token.ts';
import { FreshTokens } from '../../src/phases/fresh-tokens.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const MINUTE = 60_000;

function tokens() {
  const clock = new FakeClock();
  const madeAt = new Map<string, number>();
  const source = new FreshTokens(clock, async () => {
    const token = newToken();
    madeAt.set(token.id, clock.now());
    return token;
  });
  return { clock, madeAt, get: () => source.get(new AbortController().signal) };
}

it('gives sixty nodes on a slow uplink tokens of which ten minutes are left, and few of them', async () => {
  const { clock, madeAt, get } = tokens();
  for (let node = 0; node < 60; node++) {
    const { id } = await get();
    expect(clock.now() - (madeAt.get(id) ?? 0)).toBeLessThanOrEqual(5 * MINUTE);
    clock.advance(0.7 * MINUTE);
  }
  expect(madeAt.size).toBeLessThanOrEqual(9);
});

it('makes one for all that ask at the same time', async () => {
  const { madeAt, get } = tokens();
  const all = await Promise.all(Array.from({ length: 10 }, get));
  expect(new Set(all.map(({ id }) => id)).size).toBe(1);
  expect(madeAt.size).toBe(1);
});

it('does not take a token for young because the clock was set back', async () => {
  const { clock, get } = tokens();
  const first = await get();
  clock.advance(-60 * MINUTE);
  expect((await get()).id).not.toBe(first.id);
});

it('lets a machine make its own when the one that was making it is stopped', async () => {
  const stopped = new AbortController();
  let tries = 0;
  const source = new FreshTokens(new FakeClock(), async (signal) => {
    tries++;
    await new Promise((resolve) => setTimeout(resolve, 5));
    signal.throwIfAborted();
    return newToken();
  });
  const first = source.get(stopped.signal);
  const second = source.get(new AbortController().signal);
  stopped.abort(new Error('stopped'));
  await expect(first).rejects.toThrow('stopped');
  await expect(second).resolves.toHaveProperty('id');
  expect(tries).toBe(2);
});
