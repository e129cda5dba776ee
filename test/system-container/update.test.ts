import { describe, expect, test } from 'vitest';
import { updateSystemContainer } from '../../src/system-container/update.ts';
import { FakeHost, type Reply } from '../helpers/fake-host.ts';
import { file, makeImage, makeLayer } from './make-image.ts';
import {
  COMMON,
  imageWith,
  infoSent,
  isApply,
  isList,
  isProbe,
  isRecover,
  isUnpack,
  machine,
  OLD,
  probed,
  ROOT,
  RUNTIME,
  there,
} from './updating.ts';

describe('an update', () => {
  test('builds the other slot, then switches to it, and keeps values and UUID', async () => {
    const image = await imageWith();
    const host = machine(there(OLD));
    expect(await updateSystemContainer(host, { image, values: { B: '2' }, ...COMMON })).toEqual({
      ...{ status: 'updated', name: 'test', deployment: `${ROOT}/test.1`, before: 'old', after: image.id },
      ...{ messages: [`Extracting to ${ROOT}/test.1`], warnings: [], downtimeMs: 120 },
    });
    expect(host.calls.at(-1)?.command.argv.slice(4, 9)).toEqual([ROOT, 'test', '1', '0', 'build switch']);
    const info = infoSent(host);
    expect(info['user-values']).toEqual({ A: '1', B: '2' });
    expect(info.values).toMatchObject({
      UUID: 'same',
      A: '1',
      B: '2',
      DESTDIR: `${ROOT}/test.1`,
      NAME: 'test',
    });
  });

  test('takes the runtime that the container had', async () => {
    const host = machine(there({ ...OLD, runtime: '/opt/crun' }));
    await updateSystemContainer(host, { image: await imageWith(), ...COMMON });
    expect(infoSent(host).runtime).toBe('/opt/crun');
    await updateSystemContainer(host, { image: await imageWith(), runtime: '/usr/bin/runc', ...COMMON });
    expect(infoSent(host).runtime).toBe('/usr/bin/runc');
  });

  test('lets a new image change its defaults, and not what the user set', async () => {
    const image = await imageWith([], { defaultValues: { A: 'new', C: 'new' } });
    const host = machine(there({ ...OLD, values: { ...OLD.values, C: 'old' } }));
    await updateSystemContainer(host, { image, ...COMMON });
    expect(infoSent(host).values).toMatchObject({ A: '1', C: 'new' });
  });

  test('counts everything as the user’s where nobody recorded what was', async () => {
    const { 'user-values': _none, ...old } = OLD;
    const image = await imageWith([], { defaultValues: { C: 'new' } });
    const host = machine(there({ ...old, values: { C: 'old', NAME: 'test', DESTDIR: '/x', UUID: 'same' } }));
    await updateSystemContainer(host, { image, ...COMMON });
    expect(infoSent(host)['user-values']).toEqual({ C: 'old' });
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ['nothing new', {}],
    ['a value that it has', { A: '1' }],
  ])('has nothing to do for the same image and %s', async (_title, values) => {
    const image = await imageWith();
    const host = new FakeHost().on(isList, there({ ...OLD, revision: image.id }));
    expect(await updateSystemContainer(host, { image, values, ...COMMON })).toMatchObject({
      status: 'unchanged',
      deployment: `${ROOT}/test.0`,
      messages: ['Latest version already installed.'],
    });
  });

  test('only prepares when it is told so, and takes what is prepared when it is not', async () => {
    const image = await imageWith();
    const host = machine(there(OLD));
    expect(await updateSystemContainer(host, { image, prepareOnly: true, ...COMMON })).toMatchObject({
      status: 'prepared',
    });
    expect(host.calls.at(-1)?.command.argv[8]?.trim()).toBe('build');

    const prepared = { info: { ...OLD, revision: image.id }, prepared: true };
    const ready = new FakeHost().on(isList, there(OLD, prepared)).on(isApply, 'away\t80\n');
    expect(await updateSystemContainer(ready, { image, ...COMMON })).toMatchObject({
      status: 'updated',
      downtimeMs: 80,
    });
    expect(ready.calls.at(-1)?.command.argv[8]?.trim()).toBe('switch');
  });

  test('keeps and remembers what was changed, drops what the new image lacks, and makes its lines again', async () => {
    const config = {
      root: { path: 'rootfs', readonly: true },
      mounts: [{ type: 'bind', source: '/run/made' }],
    };
    const image = await makeImage('example/test:v2', [
      await makeLayer([
        file('exports/config.json', JSON.stringify(config)),
        file('exports/hostfs/opt/changed', 'two'),
        file('exports/hostfs/opt/fresh', 'two'),
      ]),
    ]);
    const tracked = (path: string, checksum: string) => ({
      path,
      kind: 'copy',
      mode: 0o644,
      source: 'x',
      checksum,
    });
    const old = {
      ...OLD,
      'host-files': [tracked('/opt/changed', 'aa'), tracked('/opt/fresh', 'bb'), tracked('/opt/gone', 'cc')],
      'generated-tmpfiles': ['/run/made'],
    };
    const checksums = { '/opt/changed': 'mine', '/opt/fresh': 'bb', '/opt/gone': 'cc' };
    const states: Reply = (_command, stdin) =>
      RUNTIME +
      there(old) +
      stdin
        .trim()
        .split('\n')
        .map((line) => line.split('\t'))
        .map(([kind, path = '']) =>
          kind === 'file'
            ? `file\t${checksums[path as keyof typeof checksums] ?? '-'}\t${path}\n`
            : `path\t${path === '/opt/changed' || path === '/run/made' ? 'file' : 'directory'}\t${path}\n`,
        )
        .join('');
    const host = new FakeHost().on(isList, there(old)).on(isProbe, states).on(isUnpack).on(isApply);
    const { messages } = await updateSystemContainer(host, { image, ...COMMON });
    expect(messages).toEqual([
      `Extracting to ${ROOT}/test.1`,
      'Will not delete /opt/changed as it was manually modified.',
      'File /opt/changed already exists',
      'Created file /opt/fresh',
    ]);
    const info = infoSent(host);
    expect(info['host-files']).toContainEqual({ ...tracked('/opt/changed', 'aa'), kind: 'kept' });
    expect(info['generated-tmpfiles']).toEqual(['/run/made']);
    const { stdin = '' } = host.calls.at(-1) ?? {};
    expect(stdin).toContain('remove\t-\t-\t-\tcc\t/opt/gone\n');
    expect(stdin).toMatch(/copy\t644\t\S+\tbb\t[0-9a-f]{64}\t\/opt\/fresh\n/);
  });

  test.each([
    ['link', file('exports/hostfs/opt/a/b', ''), '/opt/a is no directory in the deployment that is there'],
    ['copy', file('exports/hostfs/opt/a/b', ''), '/opt/a is no directory in the deployment that is there'],
    ['directory', file('exports/hostfs/opt/a', ''), '/opt/a is a directory in the deployment that is there'],
  ])('does not turn a %s into what it is not', async (kind, member, message) => {
    const image = await imageWith([member]);
    const old = { ...OLD, 'host-files': [{ path: '/opt/a', kind, source: '/etc', checksum: 'aa' }] };
    const host = machine(there(old), { '/opt/a': 'aa' });
    await expect(updateSystemContainer(host, { image, ...COMMON })).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining(message),
    });
    expect(host.calls.some(({ command }) => isApply(command))).toBe(false);
  });

  test('says why it was rolled back, with the journal’s last lines', async () => {
    const host = new FakeHost()
      .on(isList, there(OLD))
      .on(isProbe, probed(there(OLD)))
      .on(isUnpack)
      .on(isApply, {
        exitCode: 75,
        stdout: 'journal\tno such program\n',
        stderr: 'test: it failed\n',
      });
    await expect(updateSystemContainer(host, { image: await imageWith(), ...COMMON })).rejects.toMatchObject({
      code: 'ROLLED_BACK',
      message: `cp-1: test: it failed: rolled back to ${ROOT}/test.0, which runs\n  its journal ends with\n    no such program`,
    });
  });

  test('that was cut off before is ended first', async () => {
    const host = new FakeHost()
      .once(isList, `${there(OLD)}interrupted\ttest\n`)
      .on(isRecover)
      .on(isList, there(OLD))
      .on(isProbe, probed(there(OLD)))
      .on(isUnpack)
      .on(isApply);
    await updateSystemContainer(host, { image: await imageWith(), ...COMMON });
    expect(host.calls[1]?.command.argv.slice(4)).toEqual([
      ROOT,
      'test',
      '/etc/systemd/system/test.service',
      '/etc/tmpfiles.d/test.conf',
    ]);
  });
});
