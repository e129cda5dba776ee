import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/host/command.ts';
import { SWITCHED_BACK } from '../../src/system-container/apply-script.ts';
import { DEFAULT_HEALTH_TIMEOUT_S } from '../../src/system-container/info.ts';
import { rollbackSystemContainer } from '../../src/system-container/rollback.ts';
import { activateSystemContainer, updateSystemContainer } from '../../src/system-container/update.ts';
import { FakeHost, type Reply } from '../helpers/fake-host.ts';
import { file, type Member, makeImage, makeLayer } from './make-image.ts';

const isProbe = ({ argv }: Command) => !!argv[2]?.includes('runtime\\t');
const isList = ({ argv }: Command) => !isProbe({ argv }) && !!argv[2]?.endsWith('list_deployments "$1"');
const isUnpack = ({ argv }: Command) => !!argv[2]?.includes('--delay-directory-restore');
const isApply = ({ argv }: Command) => !!argv[2]?.includes('build_rootfs');
const isRecover = ({ argv }: Command) => !isApply({ argv }) && !!argv[2]?.includes('recover()');

const ROOT = '/var/lib/containers/atomic';
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
const RUNTIME = 'runtime\tyes\tyes\n';

/** A container in slot 0, and perhaps something in slot 1. */
function there(info: object, other?: { readonly info?: object; readonly prepared?: boolean }): string {
  const second = other
    ? `folder\ttest.1\t${other.info ? encode(other.info) : '-'}\t-\t${other.prepared ? 'prepared' : '-'}\n`
    : '';
  return `link\ttest\ttest.0\nfolder\ttest.0\t${encode(info)}\t-\t-\n${second}`;
}

const probed =
  (head: string, checksums: Readonly<Record<string, string>> = {}): Reply =>
  (_command, stdin) =>
    RUNTIME +
    head +
    stdin
      .trim()
      .split('\n')
      .map((line) => line.split('\t'))
      .map(([kind, path = '']) =>
        kind === 'file' ? `file\t${checksums[path] ?? '-'}\t${path}\n` : `path\tabsent\t${path}\n`,
      )
      .join('');

async function imageWith(members: readonly Member[] = [], manifest: object = {}) {
  const layer = await makeLayer([
    file('exports/config.json', '{}'),
    file('exports/manifest.json', JSON.stringify(manifest)),
    ...members,
  ]);
  return makeImage('example/test:v2', [layer]);
}

const machine = (state: string, checksums: Readonly<Record<string, string>> = {}) =>
  new FakeHost()
    .on(isList, state)
    .on(isProbe, probed(state, checksums))
    .on(isUnpack)
    .on(isApply, 'away\t120\n');

const COMMON = { name: 'test', capabilities: [], blobDirs: ['/blobs'] };
const OLD = {
  revision: 'old',
  image: 'example/test:v1',
  'user-values': { A: '1' },
  values: { UUID: 'same', A: '1' },
};

/** The info that the last archive holds for the new deployment. */
function infoSent(host: FakeHost) {
  const { stdin = '' } = host.calls.at(-1) ?? {};
  return JSON.parse(/\{\n {4}"image"[\s\S]*?\n\}\n/.exec(stdin)?.[0] ?? '{}');
}

describe('an update', () => {
  test('builds the other slot, then switches to it, and keeps values and UUID', async () => {
    const image = await imageWith();
    const host = machine(there(OLD));
    expect(await updateSystemContainer(host, { image, values: { B: '2' }, ...COMMON })).toEqual({
      ...{ status: 'updated', name: 'test', deployment: `${ROOT}/test.1`, before: 'old', after: image.id },
      ...{ messages: [`Extracting to ${ROOT}/test.1`], warnings: [], awayMs: 120 },
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
      awayMs: 80,
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
        exitCode: SWITCHED_BACK,
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

describe('what is not there', () => {
  test.each([
    ['link\tother\tother.0\n', "System container 'test' is not installed"],
    ['link\ttest\ttest.0\nfolder\ttest.0\t-\t-\t-\n', 'has no readable info'],
  ])('cannot be updated, rolled back or activated', async (state, message) => {
    const image = await imageWith();
    const host = () => new FakeHost().on(isList, state);
    await expect(updateSystemContainer(host(), { image, ...COMMON })).rejects.toThrow(message);
    await expect(rollbackSystemContainer(host(), 'test')).rejects.toThrow(message);
    await expect(activateSystemContainer(host(), 'test')).rejects.toThrow(message);
  });

  test.each<[string, Parameters<typeof there>[1], string]>([
    [
      'no other deployment',
      undefined,
      `Error: Cannot find a previous deployment to rollback located at ${ROOT}/test.1`,
    ],
    ['only a prepared one', { info: OLD, prepared: true }, 'Error: Cannot find a previous deployment'],
    ['a damaged one', {}, `The previous checkout at ${ROOT}/test.1 may be corrupted.`],
  ])('%s: there is nothing to go back to', async (_title, other, message) => {
    const host = new FakeHost().on(isList, there(OLD, other));
    await expect(rollbackSystemContainer(host, 'test')).rejects.toThrow(message);
  });

  test('nothing prepared: there is nothing to switch to', async () => {
    const host = new FakeHost().on(isList, there(OLD, { info: OLD }));
    await expect(activateSystemContainer(host, 'test')).rejects.toThrow('no deployment of test is prepared');
  });
});

test('a rollback goes by what the other deployment recorded, and renders nothing', async () => {
  const other = {
    info: {
      ...OLD,
      revision: 'older',
      'host-files': [{ path: '/opt/a', kind: 'copy', mode: 0o600, source: 'expanded/0', checksum: 'aa' }],
      'health-check': ['true', 'two words'],
    },
  };
  const host = new FakeHost().on(isList, there(OLD, other)).on(isApply, 'away\t300\n');
  expect(await rollbackSystemContainer(host, 'test')).toEqual({
    ...{ name: 'test', deployment: `${ROOT}/test.1`, before: 'old', after: 'older', awayMs: 300 },
    messages: [
      'Attempting to roll back system container: test',
      `Rolling back container test to the checkout at ${ROOT}/test.1`,
    ],
  });
  const { command, stdin = '' } = host.calls.at(-1) ?? {};
  expect(command?.argv.slice(4, 9).map((word) => word.trim())).toEqual([ROOT, 'test', '1', '0', 'switch']);
  expect(stdin).toContain(`copy\t600\t${ROOT}/test.1/expanded/0\t-\taa\t/opt/a\n`);
  expect(stdin).toContain('true\0two words\0');
});

test('the time that a service may take to become healthy can be given instead of what its images say', async () => {
  const other = { info: { ...OLD, revision: 'older', 'health-check': ['true'], 'health-timeout': 7 } };
  const host = new FakeHost().on(isList, there(OLD, other)).on(isApply, 'away\t300\n');
  const timeouts = () => {
    const { command, stdin = '' } = host.calls.at(-1) ?? {};
    return { texts: [...stdin.matchAll(/\0(\d+)\n(?=\0)/g)].map(([, text]) => text), command };
  };
  await rollbackSystemContainer(host, 'test');
  const usual = timeouts();
  expect(usual.texts).toContain('7');
  await rollbackSystemContainer(host, 'test', { healthTimeoutS: 900 });
  const given = timeouts();
  expect(given.texts.filter((text) => text === '900')).toHaveLength(2);
  expect(given.texts).not.toContain('7');
  // The command itself must outlast the way there and the way back.
  const images = 7 + DEFAULT_HEALTH_TIMEOUT_S;
  expect((given.command?.timeoutMs ?? 0) - (usual.command?.timeoutMs ?? 0)).toBe((2 * 900 - images) * 1000);
});
