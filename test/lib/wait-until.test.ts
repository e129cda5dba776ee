import { expect, it } from 'vitest';
import { waitUntil } from '../../src/lib/wait-until.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const options = () => ({ clock: new FakeClock(), timeoutMs: 1000, everyMs: 300 });

it('resolves with the first value that is there', async () => {
  const values = [undefined, undefined, 0];
  await expect(waitUntil('a number', async () => values.shift(), options())).resolves.toBe(0);
});

it('says what is known of the reason, which is asked once, when the time is over', async () => {
  let asked = 0;
  const why = async () => `asked ${++asked}`;
  const never = async () => undefined;
  await expect(waitUntil('it', never, { ...options(), host: 'm', why })).rejects.toMatchObject({
    code: 'TIMED_OUT',
    message: 'm: it: not there after 1 s\nasked 1',
  });
  await expect(waitUntil('it', never, options())).rejects.toThrow(/^it: not there after 1 s$/);
});
