import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/host/command.ts';
import { type InstallRequest, installSystemContainer } from '../../src/system-container/install.ts';
import { FakeHost, type Reply } from '../helpers/fake-host.ts';
import { runs } from '../helpers/script.ts';
import { file, type Member, makeImage, makeLayer } from './make-image.ts';

const isProbe = runs('probe');
const isUnpack = runs('unpack-layers');
const isApply = runs('apply');
const isStart = ({ argv }: Command) => !!argv[2]?.includes('enable "$@"');

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
const UNITS = ['/etc', '/etc/systemd', '/etc/systemd/system'];
const RUNTIME = 'runtime\tyes\tyes\n';
const probed =
  (head: string, states: Readonly<Record<string, string>> = {}): Reply =>
  (_command, stdin) =>
    head +
    stdin
      .trim()
      .split('\n')
      .map((line) => line.slice(5))
      .map((path) => `path\t${states[path] ?? 'absent'}\t${path}\n`)
      .join('');

async function request(members: Member[] = [file('exports/config.json', '{}')]): Promise<InstallRequest> {
  const image = await makeImage('example/test:v1', [await makeLayer(members)]);
  return { image, name: 'test', capabilities: [], blobDirs: ['/blobs'] };
}
const kinds = (host: FakeHost) =>
  host.calls.map(({ command }) =>
    isProbe(command)
      ? 'probe'
      : isUnpack(command)
        ? 'unpack'
        : isApply(command)
          ? 'apply'
          : isStart(command)
            ? 'start'
            : '?',
  );

describe('round trips', () => {
  test('one question, the unpacking, the deployment', async () => {
    const host = new FakeHost().on(isProbe, probed(RUNTIME)).on(isUnpack).on(isApply);
    expect(await installSystemContainer(host, await request())).toMatchObject({
      status: 'installed',
      deployment: '/var/lib/containers/atomic/test.0',
      messages: ['Extracting to /var/lib/containers/atomic/test.0'],
    });
    expect(kinds(host)).toEqual(['probe', 'unpack', 'apply']);
  });

  test('layers that are there are not unpacked', async () => {
    const asked = await request();
    const stored = asked.image.steps.map(({ digest }) => `layer\t${digest.slice(7)}\n`).join('');
    const host = new FakeHost().on(isProbe, probed(RUNTIME + stored)).on(isApply);
    await installSystemContainer(host, asked);
    expect(kinds(host)).toEqual(['probe', 'apply']);
  });

  test('a runtime other than expected leads to a second question only where it changes the paths', async () => {
    const host = new FakeHost().on(isProbe, probed('runtime\tno\tno\n')).on(isUnpack).on(isApply);
    const manifest = file('exports/manifest.json', '{"renameFiles": {"/opt/a": "/opt/x$EXEC_STOP"}}');
    await installSystemContainer(
      host,
      await request([file('exports/hostfs/opt/a', ''), manifest, file('exports/config.json', '{}')]),
    );
    expect(kinds(host)).toEqual(['probe', 'probe', 'unpack', 'apply']);
  });

  test('files that turn up in between are reported as existing', async () => {
    const host = new FakeHost()
      .on(isProbe, probed(RUNTIME, Object.fromEntries(UNITS.map((path) => [path, 'directory']))))
      .on(isUnpack)
      .on(isApply, 'existing\t/opt/a\n');
    const result = await installSystemContainer(
      host,
      await request([
        file('exports/hostfs/opt/a', ''),
        file('exports/hostfs/opt/b', ''),
        file('exports/config.json', '{}'),
      ]),
    );
    expect(result.messages.slice(1)).toEqual(['File /opt/a already exists', 'Created file /opt/b']);
    expect(result.created).toEqual(['/opt', '/opt/b']);
  });
});

describe('a name that is taken', () => {
  const there = (revision: string, values = {}) =>
    `${RUNTIME}link\ttest\ttest.1\nfolder\ttest.1\t${encode({ revision, 'user-values': values })}\t-\n`;

  test('by the same: nothing changes', async () => {
    const asked = await request();
    const host = new FakeHost().on(isProbe, probed(there(asked.image.id)));
    expect(await installSystemContainer(host, asked)).toMatchObject({
      status: 'unchanged',
      deployment: '/var/lib/containers/atomic/test.1',
      messages: ['test already present'],
    });
    expect(kinds(host)).toEqual(['probe']);
  });

  test.each<[string, string | undefined, Readonly<Record<string, string>>]>([
    ['another image', 'other', {}],
    ['another value', undefined, { A: '1' }],
  ])('by %s: nothing changes either, and that is said', async (_title, revision, values) => {
    const asked = await request();
    const host = new FakeHost().on(isProbe, probed(there(revision ?? asked.image.id, values)));
    expect(await installSystemContainer(host, asked)).toMatchObject({ status: 'present' });
  });

  test('by the same, whose units were stopped: they are started', async () => {
    const asked = await request([
      file('exports/hostfs/etc/systemd/system/x.service', ''),
      file('exports/manifest.json', '{"noContainerService": true, "units": ["x.service"]}'),
    ]);
    const host = new FakeHost().on(isProbe, probed(there(asked.image.id))).on(isStart);
    await installSystemContainer(host, asked);
    expect(host.calls[1]?.command.argv.slice(4)).toEqual(['x.service']);

    const running = new FakeHost().on(isProbe, probed(`${there(asked.image.id)}active\tx.service\n`));
    await installSystemContainer(running, asked);
    expect(kinds(running)).toEqual(['probe']);
  });

  test('in part, by the slots of another', async () => {
    const host = new FakeHost().on(isProbe, probed(`${RUNTIME}link\ttest.0\ttest.0.0\n`));
    await expect(installSystemContainer(host, await request())).rejects.toThrow(
      "collides with the deployments of 'test.0'",
    );
  });
});

describe('without a runtime', () => {
  test('a service cannot be installed', async () => {
    const host = new FakeHost().on(isProbe, probed(''));
    await expect(installSystemContainer(host, await request())).rejects.toThrow(
      'Cannot install the container: the runtime /usr/bin/runc is not installed',
    );
    expect(kinds(host)).toEqual(['probe']);
  });

  test('host files can', async () => {
    const host = new FakeHost().on(isProbe, probed('')).on(isUnpack).on(isApply);
    const files = [
      file('exports/hostfs/opt/a', ''),
      file('exports/manifest.json', '{"noContainerService": true}'),
    ];
    expect(await installSystemContainer(host, await request(files))).toMatchObject({ status: 'installed' });
  });
});

describe('what an interrupted install left', () => {
  const info = {
    'installed-files-checksum': { '/opt/a': 'abc', '/opt': '0' },
    'state-directories': ['/var/lib/test'],
    units: ['/etc/systemd/system/x.service'],
  };
  const left = `${RUNTIME}folder\ttest.0\t${encode(info)}\t-\n`;
  const states = { '/opt/a': 'file', '/opt': 'directory', '/etc/systemd/system/test.service': 'file' };

  test('is cleared first, and not taken for files of others', async () => {
    const host = new FakeHost().on(isProbe, probed(left, states)).on(isUnpack).on(isApply);
    const result = await installSystemContainer(
      host,
      await request([file('exports/hostfs/opt/a', ''), file('exports/config.json', '{}')]),
    );
    expect(result.messages).toContain('Created file /opt/a');
    const apply = host.calls.at(-1);
    expect(apply?.stdin).toContain('/etc/systemd/system/x.service\n');
    expect(apply?.stdin).toContain('0\t/var/lib/test\n0\t/opt\nabc\t/opt/a\n');
  });
});

test('nothing is asked of a machine for a name that cannot be', async () => {
  await expect(
    installSystemContainer(new FakeHost(), { ...(await request()), name: '../x' }),
  ).rejects.toThrow('cannot be the name');
});

test('an image to be run once is not installed', async () => {
  const image = await makeImage('example/once', [await makeLayer([])], { 'atomic.run': 'once' });
  await expect(
    installSystemContainer(new FakeHost(), { image, capabilities: [], blobDirs: [] }),
  ).rejects.toThrow('run once');
});

test('without a name, the image gives it', async () => {
  const { name, ...asked } = await request();
  const host = new FakeHost().on(isProbe, probed(RUNTIME)).on(isUnpack).on(isApply);
  expect((await installSystemContainer(host, asked)).name).toBe(`${name}-v1`);
});
