import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCluster, planAddition } from '../../src/config/cluster-edit.ts';

const HOME = '/home/op';
const TEXT = '# ours\napiVersion: kboot/v1\nkind: Cluster\nmasters:\n  - m\nnodes:\n  - n1 # old\n';

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kboot-edit-'));
  file = join(folder, 'kboot.yaml');
});
afterEach(() => rm(folder, { recursive: true }));

describe('createCluster', () => {
  it('writes a file that says no more than it must', async () => {
    const cluster = await createCluster(file, 'master.example.com', HOME);
    expect(cluster.masters.map(({ name }) => name)).toEqual(['master.example.com']);
    expect(await readFile(file, 'utf8')).toBe(
      'apiVersion: kboot/v1\nkind: Cluster\nmasters:\n  - name: master.example.com\n',
    );
    expect(await readdir(folder)).toEqual(['kboot.yaml']);
  });

  it('never overwrites', async () => {
    await writeFile(file, TEXT);
    await expect(createCluster(file, 'other', HOME)).rejects.toMatchObject({ code: 'REFUSED' });
    expect(await readFile(file, 'utf8')).toBe(TEXT);
    expect(await readdir(folder)).toEqual(['kboot.yaml']);
  });

  it('refuses a name that cannot be a machine', async () => {
    await expect(createCluster(file, 'Master', HOME)).rejects.toMatchObject({
      code: 'USAGE',
      message: '"Master" cannot be the name of a machine: it must be lower case: write master',
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

/** Adds machines to the file and returns the cluster. */
async function addMachines(list: 'masters' | 'nodes', names: readonly string[]) {
  const { cluster, save } = await planAddition(file, list, names, HOME);
  await save();
  return cluster;
}

describe('planAddition', () => {
  it('writes nothing by itself', async () => {
    await writeFile(file, TEXT);
    const { cluster } = await planAddition(file, 'nodes', ['n2'], HOME);
    expect(cluster.nodes.map(({ name }) => name)).toEqual(['n1', 'n2']);
    expect(await readFile(file, 'utf8')).toBe(TEXT);
  });

  it('adds those that are missing and keeps the mode of the file', async () => {
    await writeFile(file, TEXT);
    await chmod(file, 0o640);
    const cluster = await addMachines('nodes', ['n1', 'n2', 'n3', 'n2']);
    expect(cluster.nodes.map(({ name }) => name)).toEqual(['n1', 'n2', 'n3']);
    expect(await readFile(file, 'utf8')).toBe(`${TEXT}  - n2\n  - n3\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o640);
    expect(await readdir(folder)).toEqual(['kboot.yaml']);
  });

  it('does not write when there is nothing to add', async () => {
    await writeFile(file, TEXT);
    const before = await stat(file);
    await addMachines('nodes', ['n1']);
    expect((await stat(file)).ino).toBe(before.ino);
  });

  it('writes through a symbolic link', async () => {
    await writeFile(join(folder, 'real.yaml'), TEXT);
    await symlink('real.yaml', file);
    await addMachines('nodes', ['n2']);
    expect(await readFile(join(folder, 'real.yaml'), 'utf8')).toBe(`${TEXT}  - n2\n`);
  });

  it.each([
    ['the other role', 'nodes', ['m'], 'USAGE', 'm is listed as a master in'],
    ['a name that is none', 'nodes', ['N2'], 'USAGE', '"N2" cannot be the name of a machine'],
    ['a second master alone', 'masters', ['m2'], 'CONFIG_INVALID', 'two are worse than 1'],
  ] as const)('refuses %s and leaves the file alone', async (_what, list, names, code, message) => {
    await writeFile(file, TEXT);
    await expect(addMachines(list, names)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    expect(await readFile(file, 'utf8')).toBe(TEXT);
  });

  it('adds two masters at once to one', async () => {
    await writeFile(file, TEXT);
    expect((await addMachines('masters', ['m2', 'm3'])).masters).toHaveLength(3);
  });
});
