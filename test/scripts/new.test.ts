import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

let folder = '';
/** Runs a program in a copy of this package. */
const run = (program: string, ...args: readonly string[]) =>
  execa(program, args, { cwd: folder, reject: false, all: true });
const make = (...args: readonly string[]) => run(process.execPath, 'scripts/new.mjs', ...args);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kboot-new-'));
  const copied = ['src', 'remote', 'scripts', 'package.json', 'tsconfig.json', 'vitest.config.ts', 'test'];
  for (const name of copied) await cp(join(ROOT, name), join(folder, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a new phase and new verbs are as the compiler wants them, and their tests pass', async () => {
  expect(await make('phase', 'clear-cache')).toMatchObject({ exitCode: 0 });
  expect((await make('verb', 'weather', 'show')).exitCode).toBe(0);
  const second = await make('verb', 'weather', 'forecast');
  expect(second.stdout).toContain(".command('forecast')");
  expect(await readFile(join(folder, 'src/cli/commands.ts'), 'utf8')).toContain('  registerWeather,\n];');
  expect(await run('node_modules/.bin/tsc', '-p', '.', '--pretty', 'false')).toMatchObject({ all: '' });
  const tests = ['test/phases/clear-cache.test.ts', 'test/cli/weather/show.test.ts'];
  const result = await run('node_modules/.bin/vitest', 'run', '--project', 'unit', ...tests);
  expect(result.exitCode, result.all).toBe(0);
}, 300_000);

test('what is there is never overwritten, and odd names are refused', async () => {
  expect(await make('phase', 'kernel')).toMatchObject({
    exitCode: 2,
    stderr: 'src/phases/kernel.ts is there already',
  });
  expect(await make('phase', '../kernel')).toMatchObject({ exitCode: 2 });
  expect((await make('verb', 'etcd')).stderr).toContain('usage:');
});
