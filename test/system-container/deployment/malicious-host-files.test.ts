import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { expandRenames, hostFiles } from '../../../src/system-container/host-file/host-files.ts';
import { directory, file, link, type Member, makeImage, makeLayer } from '../make-image.ts';

describe('host files', () => {
  const places = async (
    members: readonly Member[],
    manifest: object = {},
    values: Record<string, string> = {},
  ) => {
    const image = await makeImage('evil', [
      await makeLayer([file('exports/manifest.json', JSON.stringify(manifest)), ...members]),
    ]);
    const known = new Map(Object.entries({ NAME: 'evil', ...values }));
    return hostFiles(image, expandRenames(image, known), known);
  };

  test.each([
    ['var/lib/containers/atomic/kubelet.1/config.json'],
    ['var/lib/containers/atomic/.storage/abc/etc/passwd'],
    ['var/lib/kboot/ledger.json'],
    ['var/lib/kboot/blobs/sha256/abc'],
    ['var/lib/containerd/io.containerd.content.v1.content/blobs/sha256/abc'],
    ['run/kboot/lock'],
    ['var/run/kboot/lock'],
    ['proc/sys/kernel/core_pattern'],
    ['proc/self/root/etc/x'],
    ['sys/kernel/x'],
    ['dev/sda'],
    ['etc/systemd/system/.kboot-new.evil.service'],
    ['etc/.kboot-abcdefgh'],
    ['etc/.kboot-new.d/x'],
    ['etc/a\tb'],
    ['etc/a\nb'],
  ])('%j is no place for one', async (place) => {
    await expect(places([file(`exports/hostfs/${place}`, 'x')])).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining('cannot be the place of a host file'),
    });
    const [parent = '', name = ''] = [path.dirname(place), path.basename(place)];
    await expect(places([link(`exports/hostfs/${parent}/${name}`, '/etc/passwd')])).rejects.toThrow(
      /cannot be|tab/,
    );
    await expect(places([directory(`exports/hostfs/${place}/`)])).rejects.toThrow('cannot be');
  });

  test.each([
    ['../etc/x'],
    ['/etc/../x'],
    ['/etc/./x'],
    ['etc/x'],
    ['/'],
    ['//'],
    [''],
    ['/var/lib/containers/atomic'],
    ['/var/lib/containers/atomic/$OTHER/info'],
    ['/var//lib/kboot/x'],
    ['/etc/systemd/system/.kboot-new.$NAME.service'],
    ['/etc/$BREAK'],
    ['/etc/$UP/x'],
  ])('nothing is renamed to %j', async (to) => {
    const values = { OTHER: 'kubelet.1', BREAK: 'a\nb', UP: '../root' };
    const manifest = { renameFiles: { '/etc/x': to } };
    await expect(places([file('exports/hostfs/etc/x', '')], manifest, values)).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
    });
  });

  test('none goes through a link of the same image, whatever is renamed', async () => {
    const members = [link('exports/hostfs/a', '/etc'), file('exports/hostfs/b/passwd', 'root::0:0::/:')];
    const renameFiles = { '/a': '/opt/evil', '/b': '/opt/evil' };
    await expect(places(members, { renameFiles })).rejects.toThrow(
      '/opt/evil/passwd would be below /opt/evil, which is no directory',
    );
    const swapped = { '/a': '/opt/z', '/b': '/opt/z' };
    await expect(places(members, { renameFiles: swapped })).rejects.toThrow('which is no directory');
  });

  test('two never get the same place', async () => {
    const members = [file('exports/hostfs/a', ''), link('exports/hostfs/b', '/etc/passwd')];
    await expect(places(members, { renameFiles: { '/a': '/b' } })).rejects.toThrow(
      'the place of two host files',
    );
  });

  test('a hidden link inside /exports does not lead host files elsewhere', async () => {
    const layers = [[link('exports', '/etc')], [file('exports/hostfs/x', '')]];
    await expect(makeImage('evil', await Promise.all(layers.map(makeLayer)))).rejects.toThrow(
      'has a link there',
    );
    const hostfs = [[link('exports/hostfs', '/etc')], [file('exports/hostfs/x', '')]];
    await expect(makeImage('evil', await Promise.all(hostfs.map(makeLayer)))).rejects.toThrow(
      'has a link there',
    );
    expect(await places([link('exports/hostfs', '/etc')])).toEqual([]);
  });

  test("the machine's own units are not started or stopped by an image", async () => {
    const manifest = { units: ['ssh.service'] };
    for (const place of ['opt', 'etc', 'etc/systemd/system/x', 'opt/a /etc/systemd/system'])
      await expect(places([file(`exports/hostfs/${place}/ssh.service`, '')], manifest)).rejects.toThrow(
        'cannot be the place of a unit',
      );
    const own = await places([file('exports/hostfs/etc/systemd/system/ssh.service', '')], manifest);
    expect(own.at(-1)?.path).toBe('/etc/systemd/system/ssh.service');
  });

  test.each([
    ['../x.service'],
    ['a/b.service'],
    ['x y.service'],
    ['-x.service'],
    ['x.service\n'],
    ['*.service'],
  ])('%j is not the name of a unit', async (unit) => {
    await expect(places([], { units: [unit] })).rejects.toThrow('Invalid manifest.json file');
  });

  test("root's rights are not lent to what was another's", async () => {
    const [mine, others, group, both] = await places([
      { ...file('exports/hostfs/a', '', 0o4755), uid: 0, gid: 0 },
      { ...file('exports/hostfs/b', '', 0o4755), uid: 1000, gid: 0 },
      { ...file('exports/hostfs/c', '', 0o2755), uid: 0, gid: 1000 },
      { ...file('exports/hostfs/d', '', 0o6755), uid: 0, gid: 0, pax: { uid: '3000000' } } as Member,
    ]);
    expect(
      [mine, others, group, both].map((each) => each && 'mode' in each && each.mode.toString(8)),
    ).toEqual(['4755', '755', '755', '2755']);
  });
});
