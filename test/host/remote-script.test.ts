import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { remoteScript } from '../../src/host/remote-script.ts';

const FOLDER = join(import.meta.dirname, '../../remote');
const SOURCE = join(import.meta.dirname, '../../src');

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' });

const scripts = filesIn(FOLDER)
  .filter((path) => path.endsWith('.sh'))
  .map((path) => path.slice(0, -'.sh'.length));
const libraries = scripts.filter((name) => name.startsWith('lib/'));
const programs = scripts.filter((name) => !name.startsWith('lib/'));

/** What the sources start, by its name: whole, or `folder/${name}` with the name at the call. */
const named = filesIn(SOURCE)
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readFileSync(join(SOURCE, path), 'utf8'))
  .join('\n');

test.each(programs)('%s is started by somebody, and is shell that a machine can read', (name) => {
  const short = name.slice(name.lastIndexOf('/') + 1);
  expect(named.includes(`'${name}'`) || named.includes(`run('${short}'`)).toBe(true);
  const { argv } = remoteScript(name, 'a b', "'");
  expect(argv.slice(3)).toEqual([`${short}.sh`, 'a b', "'"]);
  expect(argv[2]).toMatch(/^set -eu$/m);
  expect(argv[2], 'something is left to include').not.toMatch(/^\. \.\//m);
  expect(spawnSync(argv[0], ['-n', ...argv.slice(1)], { encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  });
});

test('names in the sources are scripts', () => {
  const wanted = [...named.matchAll(/remoteScript\(\s*'([^']+)'/g)].map(([, name]) => name);
  expect(wanted.length).toBeGreaterThan(30);
  expect(wanted.filter((name) => !programs.includes(name ?? ''))).toEqual([]);
});

test.each(libraries)('%s is included by a script', (name) => {
  const users = programs.filter((program) =>
    readFileSync(join(FOLDER, `${program}.sh`), 'utf8').includes(`\n. ./${name}.sh\n`),
  );
  expect(users).not.toEqual([]);
});

test('a script that is not there is no silent nothing', () => {
  expect(() => remoteScript('phases/no-such-script')).toThrow(/no-such-script/);
});
