import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { WrittenCluster } from '../../src/config/schema.ts';
import { clusterFileText, removeClusterFile, sha256, writeClusterFile } from '../../src/lab/cluster-file.ts';

const MACHINES = [
  { name: 'bastion.example.com', role: 'bastion', address: '10.89.3.5' },
  { name: 'master.example.com', role: 'master', address: '10.89.3.11' },
  { name: 'node1.example.com', role: 'node', address: '10.89.3.51' },
] as const;

describe('text', () => {
  test('names every machine with its address, and the ssh_config', () => {
    expect(clusterFileText('mine', MACHINES, '/state/ssh_config')).toMatchInlineSnapshot(`
      "apiVersion: kboot/v1
      kind: Cluster
      name: mine
      ssh:
        config: /state/ssh_config
        hostKeys: strict
      masters:
        - name: master.example.com
          address: 10.89.3.11
      nodes:
        - name: node1.example.com
          address: 10.89.3.51
      "
    `);
  });

  test.each([MACHINES, MACHINES.slice(0, 2)])('is what kboot reads', (...machines) => {
    expect(() => WrittenCluster.parse(parse(clusterFileText('mine', machines, '/s')))).not.toThrow();
  });
});

describe('on disk', () => {
  let path: string;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kboot-test-'));
    path = join(folder, 'kboot.yaml');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const record = (text: string) => ({ path, sha256: sha256(text) });

  test('is written where there is none', async () => {
    expect(await writeClusterFile(path, 'new', undefined)).toBe('written');
    expect(await readFile(path, 'utf8')).toBe('new');
  });

  test.each([
    ['the same text', 'new', undefined, 'unchanged', 'new'],
    ["someone else's", 'theirs', undefined, 'kept', 'theirs'],
    ['written by lab up', 'old', 'old', 'written', 'new'],
    ['written by lab up and changed since', 'edited', 'old', 'kept', 'edited'],
  ])('%s', async (_title, present, former, becomes, left) => {
    await writeFile(path, present);
    expect(await writeClusterFile(path, 'new', former === undefined ? undefined : record(former))).toBe(
      becomes,
    );
    expect(await readFile(path, 'utf8')).toBe(left);
  });

  test('a record of another file gives no right to this one', async () => {
    await writeFile(path, 'old');
    expect(await writeClusterFile(path, 'new', { ...record('old'), path: '/elsewhere' })).toBe('kept');
  });

  test.each([
    ['unmodified', 'old', 'removed'],
    ['modified', 'edited', 'kept'],
  ])('%s: %s is %s', async (_title, present, becomes) => {
    await writeFile(path, present);
    expect(await removeClusterFile(record('old'))).toBe(becomes);
    const left = await readFile(path, 'utf8').catch(() => undefined);
    expect(left).toBe(becomes === 'kept' ? present : undefined);
  });

  test('none written, or gone already: nothing to remove', async () => {
    expect(await removeClusterFile(undefined)).toBe('removed');
    expect(await removeClusterFile(record('old'))).toBe('removed');
  });
});
