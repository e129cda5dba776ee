import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { libraries } from '../helpers/script.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kboot-durable-'));
  for (const name of ['bin', 'switching/forward', 'source', 'host']) {
    await mkdir(join(folder, name), { recursive: true });
  }
  // Writes down what was on the disk by then: a name and its size.
  const sync = `#!/bin/sh\nfor path do echo "$path $(stat -c %s "$path")" >> ${folder}/synced; done\n`;
  await writeFile(join(folder, 'bin/sync'), sync);
  await chmod(join(folder, 'bin/sync'), 0o755);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const place = (name: string): string => join(folder, name);

/** Runs functions of the script on lines `KIND MODE SOURCE ALLOWED SUM PATH` of host files. */
async function run(files: readonly (readonly string[])[], text: string) {
  await writeFile(place('switching/forward/files'), files.map((line) => `${line.join('\t')}\n`).join(''));
  const script = `set -eu\n${libraries('system-container', 'switch-deployment')}root=${folder} name=c unit=${folder}/none tmpfiles=${folder}/none switching=${folder}/switching\n${text}`;
  const result = await execa('sh', ['-c', script], {
    env: { PATH: `${place('bin')}:${process.env['PATH']}` },
    reject: false,
  });
  const synced = await readFile(place('synced'), 'utf8').catch(() => '');
  return { exitCode: result.exitCode, synced: synced.split('\n').filter((line) => line !== '') };
}

test('the content of a host file is on the disk before it gets its name, and then the name is', async () => {
  await writeFile(place('source/tool'), 'content');
  await writeFile(place('host/old'), 'old');
  const files = [
    ['directory', '755', '-', '-', '0', place('host/new')],
    ['file', '755', place('source/tool'), '-', 'a', place('host/new/tool')],
  ];
  const staged = await run(files, 'stage "$switching/forward"');
  expect(staged.synced).toEqual([`${place('host/new/.kboot-new.tool')} 7`]);
  const { exitCode, synced } = await run(files, 'commit "$switching/forward"');
  expect(exitCode).toBe(0);
  expect(await readdir(place('host/new'))).toEqual(['tool']);
  expect(synced.at(-1)).toMatch(new RegExp(`^${place('host/new')} \\d+$`));
});

test('a copy that replaces a unit is on the disk before it gets its name', async () => {
  await writeFile(place('source/c.service'), '[Unit]\n');
  const { synced } = await run([], `install_copy ${place('source/c.service')} ${place('host/c.service')}`);
  expect(synced).toEqual([`${place('host/.kboot-new.c.service')} 7`]);
});

test('a change that could not begin leaves no new directory, and none of others', async () => {
  await mkdir(place('host/theirs'));
  const files = [
    ['directory', '755', '-', '-', '0', place('host/theirs')],
    ['directory', '755', '-', '-', '0', place('host/new')],
    ['directory', '755', '-', '-', '0', place('host/new/inner')],
    ['file', '755', place('source/missing'), '-', 'a', place('host/new/inner/tool')],
  ];
  const { exitCode } = await run(files, '( set -e; stage "$switching/forward" ) || { unstage; exit 3; }');
  // Inside a list dash ignores -e; what counts is that nothing is left.
  expect([0, 3]).toContain(exitCode);
  await run(files, 'unstage');
  expect(await readdir(place('host'))).toEqual(['theirs']);
});
