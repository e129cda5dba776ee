import { access, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clusterFileText } from '../../src/lab/cluster-file.ts';
import { sshConfigText } from '../../src/lab/ssh-files.ts';
import {
  type LabRecord,
  labFolder,
  readLabRecord,
  removeLabFolder,
  writeLabRecord,
} from '../../src/lab/state.ts';
import { expectRightOrClear } from '../helpers/hostile.ts';

const RECORD: LabRecord = {
  apiVersion: 'kboot/v1',
  kind: 'Lab',
  name: 'mine',
  image: 'localhost/kboot-machine:abc',
  subnet: '10.89.3.0/24',
  machines: [{ name: 'master.example.com', role: 'master', address: '10.89.3.11' }],
  options: { user: 'root', sudo: true, shell: 'sh', tmpNoexec: false, bastion: false, imageBased: false },
};

describe('labFolder', () => {
  test.each([
    [{}, '/home/ada/.local/state/kboot/labs/mine'],
    [{ XDG_STATE_HOME: '/state' }, '/state/kboot/labs/mine'],
    // The specification: a relative path is to be ignored.
    [{ XDG_STATE_HOME: 'state' }, '/home/ada/.local/state/kboot/labs/mine'],
    [{ XDG_STATE_HOME: '' }, '/home/ada/.local/state/kboot/labs/mine'],
  ])('%o', (env, folder) => {
    expect(labFolder('mine', { env, home: '/home/ada' }).folder).toBe(folder);
  });
});

describe('on disk', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'kboot-test-'));
  });
  afterEach(() => rm(home, { recursive: true }));
  const filesOf = (name: string) => labFolder(name, { env: { XDG_STATE_HOME: home }, home: '/' });

  test('a record is read as it was written, by its owner only', async () => {
    const files = filesOf('mine');
    expect(await readLabRecord(files)).toBeUndefined();
    await writeLabRecord(files, RECORD);
    expect(await readLabRecord(files)).toEqual(RECORD);
    expect((await stat(files.record)).mode & 0o777).toBe(0o600);
    expect((await stat(files.folder)).mode & 0o777).toBe(0o700);
    expect(await readdir(files.folder)).toEqual(['lab.json']);
  });

  test('the record of a lab from before there were kinds of machines is one of ordinary machines', async () => {
    const { imageBased: _, ...options } = RECORD.options;
    const files = filesOf('mine');
    await mkdir(files.folder, { recursive: true });
    await writeFile(files.record, JSON.stringify({ ...RECORD, options }));
    expect(await readLabRecord(files)).toEqual(RECORD);
  });

  test('virtual machines are recorded with their size', async () => {
    const virtual = { suite: 'trixie', memory: 2048, cpus: 1, disk: '14G' } as const;
    const record: LabRecord = { ...RECORD, options: { ...RECORD.options, virtual } };
    await writeLabRecord(filesOf('mine'), record);
    expect(await readLabRecord(filesOf('mine'))).toEqual(record);
  });

  test.each(['', '{', '{}', JSON.stringify({ ...RECORD, subnet: 'no' })])('refuses %j', async (text) => {
    const files = filesOf('mine');
    await mkdir(files.folder, { recursive: true });
    await writeFile(files.record, text);
    await expect(readLabRecord(files)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `${files.record}: not the record of a lab`,
    });
  });

  test('removing the last lab leaves no folder of kboot', async () => {
    await writeLabRecord(filesOf('mine'), RECORD);
    await writeLabRecord(filesOf('other'), RECORD);
    await removeLabFolder(filesOf('mine'));
    expect(await readdir(join(home, 'kboot/labs'))).toEqual(['other']);
    await removeLabFolder(filesOf('other'));
    await expect(access(join(home, 'kboot'))).rejects.toThrow('ENOENT');
    await removeLabFolder(filesOf('other'));
  });

  test("other things in kboot's folder stay", async () => {
    await writeLabRecord(filesOf('mine'), RECORD);
    await writeFile(join(home, 'kboot/something'), '');
    await removeLabFolder(filesOf('mine'));
    expect(await readdir(join(home, 'kboot'))).toEqual(['something']);
  });
});

test('a record is read or refused, whatever the file holds', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kboot-test-'));
  const files = labFolder('mine', { env: { XDG_STATE_HOME: folder }, home: '/' });
  await mkdir(files.folder, { recursive: true });
  try {
    await expectRightOrClear(
      [JSON.stringify(RECORD), JSON.stringify({ ...RECORD, clusterFile: { path: '/k', sha256: 'a' } })],
      async (text) => {
        await writeFile(files.record, text);
        return readLabRecord(files);
      },
      (record) => {
        const { machines = [], options } = record ?? {};
        // A line of its own in ssh_config could be any setting.
        expect(sshConfigText(machines, options?.user ?? '', files).split('\n')).toHaveLength(
          sshConfigText([], '', files).split('\n').length + machines.length * 8,
        );
        clusterFileText('mine', machines, files.sshConfig);
      },
    );
    await rm(files.record);
    await mkdir(files.record);
    await expect(readLabRecord(files)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  } finally {
    await rm(folder, { recursive: true });
  }
});
