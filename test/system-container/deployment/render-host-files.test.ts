import { describe, expect, test } from 'vitest';
import { directory, file, type Member, makeImage, makeLayer } from '../make-image.ts';
import { decided, HOST, ROOT } from '../rendering.ts';

describe('bind sources', () => {
  const image = async (...more: Member[]) => {
    const mounts = ['/var/lib/one', '/var/lib/two', '/run/three'].map((source) => ({ type: 'bind', source }));
    return makeImage('example/binds', [
      await makeLayer([file('exports/config.json', JSON.stringify({ root: ROOT, mounts })), ...more]),
    ]);
  };

  test('that are missing are made by tmpfiles, and noted as state unless they are in memory', async () => {
    const result = decided(await image(), {}, { ...HOST, '/var/lib/two': 'directory' });
    expect(result.tmpfiles).toBe('d    /var/lib/one   0700 0 0 - -\nd    /run/three   0700 0 0 - -\n');
    expect(result.stateDirectories).toEqual(['/var/lib/one']);
  });

  test('that the image brings itself are not', async () => {
    const own = [directory('exports/hostfs/var/lib/one/'), file('exports/hostfs/var/lib/two', 'a file')];
    expect(decided(await image(...own), {}, HOST).tmpfiles).toBe('d    /run/three   0700 0 0 - -\n');
  });

  test('are not looked at when the image has its own tmpfiles, even empty ones', async () => {
    expect(decided(await image(file('exports/tmpfiles.template', '')), {}, HOST).tmpfiles).toBe('');
  });

  test('folders that tmpfiles make on the way are state as well', async () => {
    const own = file('exports/tmpfiles.template', 'd /srv/a/b 0700\n');
    expect(decided(await image(own), {}, HOST).stateDirectories).toEqual(['/srv', '/srv/a', '/srv/a/b']);
  });
});

describe('what is in the way', () => {
  const image = async (...members: Member[]) => makeImage('example/way', [await makeLayer(members)]);

  test.each(['/etc/systemd/system/test.service', '/etc/tmpfiles.d/test.conf'])('%s', async (place) => {
    const own = await image(file('exports/config.json', '{}'));
    expect(() => decided(own, {}, { ...HOST, [place]: 'file' })).toThrow(`The file ${place} already exists.`);
  });

  test.each(['/lib/systemd/system/test.service', '/usr/local/lib/systemd/system/test.service'])(
    "a service of the machine's that the container's would hide: %s",
    async (place) => {
      const own = await image(file('exports/config.json', '{}'));
      expect(() => decided(own, {}, { ...HOST, [place]: 'file' })).toThrow(
        `the machine has a service test already: ${place}`,
      );
      const without = await image(file('exports/manifest.json', '{"noContainerService": true}'));
      expect(decided(without, {}, { ...HOST, [place]: 'file' }).unit).toBeUndefined();
    },
  );

  test("another's unit in place of one that the image wants started", async () => {
    const own = await image(
      file('exports/hostfs/etc/systemd/system/x.service', ''),
      file('exports/manifest.json', '{"noContainerService": true, "units": ["x.service"]}'),
    );
    expect(() => decided(own, {}, { ...HOST, '/etc/systemd/system/x.service': 'file' })).toThrow(
      'the machine has a unit x.service already',
    );
    expect(decided(own, {}, HOST).units).toEqual(['/etc/systemd/system/x.service']);
  });

  test('a file of another is named and not tracked', async () => {
    const own = await image(file('exports/hostfs/opt/a', ''), file('exports/hostfs/opt/b', ''));
    const result = decided(own, {}, { ...HOST, '/opt/a': 'link' });
    expect(result.existing).toEqual(['/opt/a']);
    expect(Object.keys(JSON.parse(result.info)['installed-files-checksum'])).toEqual(['/opt/b']);
  });
});

test('folders for the unit and tmpfiles are made and tracked where they are missing', async () => {
  const own = await makeImage('example/bare', [await makeLayer([file('exports/config.json', '{}')])]);
  expect(decided(own, {}, { '/etc': 'directory' }).hostFiles.map(({ path }) => path)).toEqual([
    '/etc/systemd',
    '/etc/systemd/system',
  ]);
});
