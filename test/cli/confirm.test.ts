import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { confirm } from '../../src/cli/confirm.ts';
import { KbootError } from '../../src/lib/errors.ts';
import { testIo } from '../helpers/io.ts';

/** Somebody at a terminal who types this, and then ends the input. */
const typing = (text: string) => {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  stdin.end(text);
  return testIo([], { stdin });
};

test.each(['y\n', 'Y\n', 'yes\n', ' yes \n'])('%j is a yes', async (answer) => {
  const io = typing(answer);
  await confirm(io, 'Sure?', false);
  expect(io.stderr.text).toBe('Sure? [y/N] ');
});

test.each(['\n', 'n\n', 'yesterday\n', ''])('%j is a no', async (answer) => {
  await expect(confirm(typing(answer), 'Sure?', false)).rejects.toMatchObject({ code: 'REFUSED' });
});

test('--yes asks nothing', async () => {
  const io = typing('');
  await confirm(io, 'Sure?', true);
  expect(io.stderr.text).toBe('');
});

test('without a terminal nobody is asked, and nothing is done', async () => {
  const io = testIo([]);
  await expect(confirm(io, 'Sure?', false)).rejects.toMatchObject({
    code: 'REFUSED',
    hint: 'add --yes when you are sure',
  });
  expect(io.stderr.text).toBe('');
});

test('Ctrl-C while it is asking ends the asking', async () => {
  const controller = new AbortController();
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const asked = confirm(testIo([], { stdin, signal: controller.signal }), 'Sure?', false);
  controller.abort(new KbootError('CANCELLED', 'stopped'));
  await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' });
});
