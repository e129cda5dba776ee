import { chmod, lstat, mkdir, readFile, readlink, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { copyTree, hashTree, listTree } from '../../../src/bundle/build/tree.ts';
import { temporaryFolder } from '../../helpers/bundle.ts';

async function sample(): Promise<string> {
  const dir = await temporaryFolder();
  await mkdir(join(dir, 'usr', 'bin'), { recursive: true });
  await writeFile(join(dir, 'usr', 'bin', 'tool'), 'tool');
  await chmod(join(dir, 'usr', 'bin', 'tool'), 0o700);
  await writeFile(join(dir, 'usr', 'text'), 'text', { mode: 0o600 });
  await symlink('usr/bin', join(dir, 'bin'));
  return dir;
}

it('lists folders before what is in them and does not follow links', async () => {
  expect((await listTree(await sample())).map(({ path, kind }) => [path, kind])).toEqual([
    ['bin', 'link'],
    ['usr', 'directory'],
    ['usr/bin', 'directory'],
    ['usr/bin/tool', 'file'],
    ['usr/text', 'file'],
  ]);
});

it('copies with modes that owe nothing to the umask, and links as links', async () => {
  const copy = await temporaryFolder();
  await copyTree(await sample(), copy);
  const mode = async (path: string) => (await lstat(join(copy, path))).mode & 0o7777;
  expect([await mode('usr'), await mode('usr/bin/tool'), await mode('usr/text')]).toEqual([
    0o755, 0o755, 0o644,
  ]);
  expect(await readlink(join(copy, 'bin'))).toBe('usr/bin');
  expect(await readFile(join(copy, 'usr/text'), 'utf8')).toBe('text');
});

it('can link instead of copying', async () => {
  const [from, copy] = [await sample(), await temporaryFolder()];
  await copyTree(from, copy, { hardLink: true });
  expect((await stat(join(copy, 'usr/bin/tool'))).ino).toBe((await stat(join(from, 'usr/bin/tool'))).ino);
});

it('hashes what is there, not when it was made nor by whom it may be read', async () => {
  const [one, other] = [await sample(), await sample()];
  await utimes(join(other, 'usr/text'), new Date(0), new Date(0));
  await chmod(join(other, 'usr/text'), 0o644);
  expect(await hashTree(other)).toBe(await hashTree(one));
});

it.each([
  ['a content', (dir: string) => writeFile(join(dir, 'usr/text'), 'other')],
  ['an execute bit', (dir: string) => chmod(join(dir, 'usr/text'), 0o755)],
  ['a new empty folder', (dir: string) => mkdir(join(dir, 'usr/lib'))],
  ['a link', (dir: string) => symlink('usr/lib', join(dir, 'lib'))],
])('hashes %s', async (_what, change) => {
  const dir = await sample();
  const before = await hashTree(dir);
  await change(dir);
  expect(await hashTree(dir)).not.toBe(before);
});
