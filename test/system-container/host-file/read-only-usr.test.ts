import { describe, expect, test } from 'vitest';
import { render } from '../../../src/system-container/deployment/render.ts';
import {
  formerPlaces,
  MAY_BE_READ_ONLY,
  placeOf,
  programDirectory,
  writablePlaces,
} from '../../../src/system-container/host-file/read-only-usr.ts';
import { directory, file, link, type Member, makeImage, makeLayer } from '../make-image.ts';

const BELOW_USR = MAY_BE_READ_ONLY.filter((path) => /^\/(usr|bin|sbin|lib)\b/.test(path));
const ALL_OF_USR = { readOnly: BELOW_USR };
/** Fedora CoreOS: /usr/local is a link to a directory below /var. */
const BUT_LOCAL = { readOnly: BELOW_USR.filter((path) => !path.startsWith('/usr/local')) };
const NOTHING = { readOnly: [] };

const at = (path: string) => `exports/hostfs${path}`;
const imageOf = async (members: readonly Member[], manifest: object = {}) =>
  makeImage('example/tools', [
    await makeLayer([...members, file('exports/manifest.json', JSON.stringify(manifest))]),
  ]);

describe('the directory for programs', () => {
  test.each([
    [NOTHING, undefined, '/usr/local/bin'],
    [BUT_LOCAL, undefined, '/usr/local/bin'],
    [ALL_OF_USR, undefined, '/opt/bin'],
    [ALL_OF_USR, '/usr/bin', '/opt/bin'],
    [ALL_OF_USR, '/srv/bin', '/srv/bin'],
    [NOTHING, '/usr/bin', '/usr/bin'],
  ])('with %j, wanted in %s, is %s', ({ readOnly }, wanted, expected) => {
    expect(programDirectory(readOnly, wanted)).toBe(expected);
  });
});

describe('the place of a file', () => {
  test.each([
    ['/usr/local/bin/tool', '/opt/bin/tool', '/usr/local/bin/tool'],
    ['/usr/local/sbin/tool', '/opt/bin/tool', '/usr/local/sbin/tool'],
    ['/usr/bin/sub/tool', '/opt/bin/sub/tool', '/opt/bin/sub/tool'],
    ['/usr/sbin/tool', '/opt/bin/tool', '/opt/bin/tool'],
    ['/bin/tool', '/opt/bin/tool', '/opt/bin/tool'],
    ['/sbin/tool', '/opt/bin/tool', '/opt/bin/tool'],
    ['/usr/lib/systemd/system/x.service', '/etc/systemd/system/x.service', '/etc/systemd/system/x.service'],
    ['/lib/systemd/system/x.timer', '/etc/systemd/system/x.timer', '/etc/systemd/system/x.timer'],
    [
      '/usr/local/lib/systemd/system/x.service',
      '/etc/systemd/system/x.service',
      '/usr/local/lib/systemd/system/x.service',
    ],
    ['/usr/lib/tmpfiles.d/x.conf', '/etc/tmpfiles.d/x.conf', '/etc/tmpfiles.d/x.conf'],
    ['/usr/lib/sysctl.d/x.conf', '/etc/sysctl.d/x.conf', '/etc/sysctl.d/x.conf'],
    ['/usr/lib/modules-load.d/x.conf', '/etc/modules-load.d/x.conf', '/etc/modules-load.d/x.conf'],
    ['/etc/x.conf', '/etc/x.conf', '/etc/x.conf'],
    ['/opt/cni/bin/x', '/opt/cni/bin/x', '/opt/cni/bin/x'],
    ['/usrx/bin/x', '/usrx/bin/x', '/usrx/bin/x'],
    ['/home/usr/bin/x', '/home/usr/bin/x', '/home/usr/bin/x'],
  ])('%s is %s, or %s where /usr/local can be written', (path, all, butLocal) => {
    expect(placeOf(path, ALL_OF_USR.readOnly)).toBe(all);
    expect(placeOf(path, BUT_LOCAL.readOnly)).toBe(butLocal);
    expect(placeOf(path, [])).toBe(path);
  });

  test.each([
    ['/usr/share/x', '/usr/share/x cannot be put there: /usr is read-only'],
    ['/usr/libexec/x', '/usr/libexec/x cannot be put there: /usr is read-only'],
    ['/usr/lib/systemd/network/x', '/usr/lib/systemd/network/x cannot be put there: /usr is read-only'],
    ['/usr/binary', '/usr/binary cannot be put there: /usr is read-only'],
    ['/usr/local/share/x', '/usr/local/share/x cannot be put there: /usr/local is read-only'],
  ])('%s is refused', (path, message) => {
    expect(() => placeOf(path, ALL_OF_USR.readOnly)).toThrow(
      expect.objectContaining({
        code: 'REFUSED',
        message,
        hint: expect.stringContaining('renameFiles'),
      }),
    );
  });

  test('is refused where the other place is read-only too', () => {
    const readOnly = [...ALL_OF_USR.readOnly, '/opt', '/opt/bin'];
    expect(() => placeOf('/usr/bin/x', readOnly)).toThrow(
      expect.objectContaining({
        message: '/usr/bin/x cannot be put there: /usr/bin is read-only',
        hint: '/opt/bin/x would be its place, but /opt/bin is read-only too: make that writable',
      }),
    );
  });
});

describe('the files of an image', () => {
  test('are moved one by one, after what the manifest renames', async () => {
    const image = await imageOf([
      directory(at('/usr/')),
      directory(at('/usr/local/')),
      directory(at('/usr/local/bin/'), 0o700),
      file(at('/usr/local/bin/one'), ''),
      link(at('/usr/sbin/two'), '/var/lib/two'),
      link(at('/usr/sbin/three'), 'two'),
      file(at('/etc/four'), ''),
    ]);
    const renames = { '/etc/four': '/usr/bin/four' };
    expect(writablePlaces(image, renames, ALL_OF_USR.readOnly)).toEqual({
      '/usr/bin/four': '/opt/bin/four',
      '/usr/local/bin/one': '/opt/bin/one',
      '/usr/sbin/three': '/opt/bin/three',
      '/usr/sbin/two': '/opt/bin/two',
    });
    expect(writablePlaces(image, renames, [])).toEqual({});
  });

  test('that would meet in one place are refused', async () => {
    const image = await imageOf([file(at('/usr/bin/tool'), ''), file(at('/usr/local/bin/tool'), '')]);
    expect(() => writablePlaces(image, {}, ALL_OF_USR.readOnly)).toThrow(
      '/usr/local/bin/tool of image example/tools would have to go to /opt/bin/tool, where it puts another',
    );
    const beside = await imageOf([file(at('/usr/bin/tool'), ''), file(at('/opt/bin/tool'), '')]);
    expect(() => writablePlaces(beside, {}, ALL_OF_USR.readOnly)).toThrow('where it puts another');
  });

  test('that are links to somewhere near them are refused', async () => {
    const image = await imageOf([link(at('/usr/bin/tool'), '../libexec/tool')]);
    expect(() => writablePlaces(image, {}, ALL_OF_USR.readOnly)).toThrow(
      '/usr/bin/tool of image example/tools is a relative link: it would lead elsewhere from /opt/bin/tool',
    );
  });

  test('whose former place a text still names are warned of', async () => {
    const image = await imageOf([
      file(at('/usr/bin/tool'), '#!/bin/sh\n'),
      file(at('/usr/bin/other'), 'exec /usr/bin/toolbox; exec /mnt/usr/bin/tool\n'),
      file(at('/etc/systemd/system/x.service'), '[Service]\nExecStart=/usr/bin/tool --flag\n'),
    ]);
    expect(formerPlaces(image, writablePlaces(image, {}, ALL_OF_USR.readOnly))).toEqual([
      '/etc/systemd/system/x.service names /usr/bin/tool, which is at /opt/bin/tool on this machine',
    ]);
  });
});

describe('a deployment on a machine whose /usr is read-only', () => {
  const rendered = (image: Awaited<ReturnType<typeof imageOf>>, { readOnly } = ALL_OF_USR) =>
    render({
      ...{ image, name: 'tools', root: '/var/lib/containers/atomic', slot: 0, userValues: {}, uuid: '' },
      ...{ capabilities: [], runtime: '/opt/bin/runc', features: { systemdCgroup: true, pidFile: true } },
      ...{ readOnly, spec: undefined },
    });

  test('records where its files went, and makes nothing below /usr', async () => {
    const image = await imageOf([file('exports/config.json', '{}'), file(at('/usr/bin/tool'), 'x', 0o755)]);
    const { renames, hostFiles, warnings } = rendered(image);
    expect(renames).toEqual({ '/usr/bin/tool': '/opt/bin/tool' });
    expect(hostFiles.map(({ path }) => path)).toEqual(['/opt', '/opt/bin', '/opt/bin/tool']);
    expect(warnings).toEqual([]);
  });

  test('expands BIN_DIRECTORY to /opt/bin, whatever the image presets', async () => {
    const manifest = {
      renameFiles: { '/usr/local/bin': '$BIN_DIRECTORY' },
      defaultValues: { BIN_DIRECTORY: '/usr/local/bin' },
      installedFilesTemplate: ['/etc/tool.conf'],
    };
    const members = [
      file('exports/config.json', '{}'),
      file(at('/usr/local/bin/tool'), 'x', 0o755),
      file(at('/etc/tool.conf'), 'tool=$BIN_DIRECTORY/tool'),
    ];
    const image = await imageOf(members, manifest);
    const texts = (readOnly: readonly string[]) =>
      rendered(image, { readOnly: [...readOnly] as typeof BELOW_USR }).hostFiles.flatMap((entry) =>
        entry.kind === 'text' ? [entry.text] : entry.kind === 'copy' ? [entry.path] : [],
      );
    expect(texts(ALL_OF_USR.readOnly)).toEqual(['tool=/opt/bin/tool', '/opt/bin/tool']);
    expect(texts(BUT_LOCAL.readOnly)).toEqual(['tool=/usr/local/bin/tool', '/usr/local/bin/tool']);
    expect(texts([])).toEqual(['tool=/usr/local/bin/tool', '/usr/local/bin/tool']);
  });
});
