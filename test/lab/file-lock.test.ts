import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { holdLock } from '../../src/lab/file-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kboot-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('one holder at a time, and nothing is left behind', async () => {
  const events: string[] = [];
  const first = await holdLock(folder);
  const second = holdLock(folder).then((lock) => {
    events.push('second holds');
    return lock;
  });
  await delay(200);
  events.push('first lets go');
  await first[Symbol.asyncDispose]();
  await (await second)[Symbol.asyncDispose]();
  expect(events).toEqual(['first lets go', 'second holds']);
  expect(await readdir(folder)).toEqual([]);
});

test('waiting for it can be cancelled', async () => {
  await using _first = await holdLock(folder);
  const abort = new AbortController();
  const reason = new Error('stop');
  setTimeout(() => abort.abort(reason), 50);
  await expect(holdLock(folder, abort.signal)).rejects.toBe(reason);
});

test('what is not there cannot be locked', async () => {
  await expect(holdLock(join(folder, 'no/such/file'))).rejects.toMatchObject({ code: 'REFUSED' });
});
