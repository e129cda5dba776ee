import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appendToLogFile, openLogFile } from '../../src/lib/log-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kboot-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

const NOW = new Date('2030-01-02T03:04:05.678Z');

test('only the owner can read a log, and each entry has its time', async () => {
  const directory = join(folder, 'a/b');
  const log = openLogFile(directory, 'init', NOW);
  log.write('first\nsecond\n');
  log.close();
  log.write('too late');
  expect(log.path).toBe(join(directory, '2030-01-02T03-04-05.678Z-init.log'));
  expect((await stat(log.path)).mode & 0o777).toBe(0o600);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  expect(await readFile(log.path, 'utf8')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z first\n {2}second\n$/);
});

test('two runs of the same moment have two logs', () => {
  const paths = [1, 2, 3].map(() => openLogFile(folder, 'join', NOW).path);
  expect(new Set(paths).size).toBe(3);
});

test('the newest 20 stay, and files of others', async () => {
  await writeFile(join(folder, 'notes.log'), '');
  for (let minute = 10; minute < 35; minute++)
    openLogFile(folder, 'init', new Date(`2030-01-02T03:${minute}:00Z`)).close();
  const left = (await readdir(folder)).sort();
  expect(left).toHaveLength(21);
  expect(left[0]).toBe('2030-01-02T03-15-00.000Z-init.log');
  expect(left.at(-1)).toBe('notes.log');
});

test('a chosen file is added to and keeps its mode', async () => {
  const path = join(folder, 'mine.log');
  await writeFile(path, 'before\n');
  await chmod(path, 0o644);
  const log = appendToLogFile(path);
  log.write('after');
  log.close();
  expect(await readFile(path, 'utf8')).toMatch(/^before\n.* after\n$/);
  expect((await stat(path)).mode & 0o777).toBe(0o644);
});

test('a full disk does not end the run', () => {
  const log = appendToLogFile('/dev/full');
  expect(() => log.write('x')).not.toThrow();
  expect(() => log.close()).not.toThrow();
});
