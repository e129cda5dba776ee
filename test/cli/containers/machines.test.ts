import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerContainers } from '../../../src/cli/containers/command.ts';
import { chooseMachines, parseSettings } from '../../../src/cli/containers/machines.ts';
import { main } from '../../../src/cli/main.ts';
import { clusterStateOf, machineWith, stateWith } from '../../helpers/cluster-state.ts';
import { testIo } from '../../helpers/io.ts';

describe('values on the command line', () => {
  test.each<[readonly string[], Readonly<Record<string, string>>]>([
    [[], {}],
    [['A=1', 'B=x=y', 'C='], { A: '1', B: 'x=y', C: '' }],
    [['A=1', 'A=2'], { A: '2' }],
  ])('%j', (texts, values) => expect(parseSettings(texts)).toEqual(values));

  test.each(['A', '=1', ''])('%j is none', (text) => {
    expect(() => parseSettings([text])).toThrow(`Invalid value '${text}'.  Expected form NAME=VALUE`);
  });
});

describe('which machines', () => {
  const { cluster } = clusterStateOf(stateWith('m1', 'master'));
  const three = { ...cluster, nodes: ['n1', 'n2'].map((name) => machineWith(name, 'node')) };
  const all = [...three.masters, ...three.nodes].map(({ name }) => name);
  const choose = (host: readonly string[], allHosts: boolean, how: 'read' | 'change', of = three) =>
    chooseMachines(of, { host, allHosts }, how).map(({ name }) => name);

  test('those that are named, in the order of the file', () => {
    expect(choose(['n2', all[0] as string], false, 'change')).toEqual([all[0], 'n2']);
    expect(() => choose(['nobody'], false, 'change')).toThrow('does not list nobody');
  });

  test('all, when asked for, and when nothing is changed', () => {
    expect(choose([], true, 'change')).toEqual(all);
    expect(choose([], false, 'read')).toEqual(all);
    expect(() => choose(['n1'], true, 'read')).toThrow('exclude each other');
  });

  test('a change needs to be told, unless there is only one', () => {
    expect(() => choose([], false, 'change')).toThrow('which machines?');
    const one = { ...three, nodes: [] };
    expect(choose([], false, 'change', one)).toEqual([all[0]]);
  });
});

describe('command lines that say nothing sensible', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kboot-containers-'));
    const text = 'apiVersion: kboot/v1\nkind: Cluster\nname: shop\nmasters: [m1]\nnodes: [n1]\n';
    await writeFile(join(folder, 'kboot.yaml'), text);
    return () => rm(folder, { recursive: true });
  });

  test.each<[readonly string[], string]>([
    [['update'], 'Too few arguments.  Please specify the container'],
    [['update', 'etcd', '--all'], "Incompatible options specified.  --all doesn't support a container name"],
    [
      ['update', '--all', '--set', 'A=1'],
      "Incompatible options specified.  --all doesn't support --set or --rebase",
    ],
    [['update', '--all', '--rebase', 'x'], "--all doesn't support --set or --rebase"],
    [['update', 'etcd', '--prepare', '--activate'], '--prepare and --activate exclude each other'],
    [['update', 'etcd', '--activate', '--rebase', 'x'], '--activate switches to what was prepared'],
    [['update', 'etcd', '--set', 'A'], "Invalid value 'A'.  Expected form NAME=VALUE"],
    [['update', 'etcd'], 'which machines?'],
    [['install', 'etcd', '--host', 'nobody'], 'does not list nobody'],
    [['install'], "missing required argument 'image'"],
    [['install', 'no such:image:name', '--all-hosts'], 'no such:image:name'],
    [['list', '--filter', 'colour=red'], 'The filter colour is not valid.  Please choose from ['],
    [['logs', 'etcd', '--lines', 'many'], 'a number of lines is needed.'],
  ])('%j', async (argv, message) => {
    const io = testIo(['containers', ...argv], { cwd: folder, home: folder });
    expect(await main(io, async () => [registerContainers])).toBe(2);
    expect(io.stderr.text).toContain(message);
    expect(io.stdout.text).toBe('');
  });
});
