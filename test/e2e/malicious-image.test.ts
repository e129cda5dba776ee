import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { layerName } from '../../src/system-container/change/layer-store.ts';
import { uninstallSystemContainer } from '../../src/system-container/index.ts';
import { BLOBS, useContainerLab } from '../helpers/container-lab.ts';
import { describeE2e } from '../helpers/require-e2e.ts';
import {
  directory,
  file,
  hardLink,
  layerOf,
  link,
  type Member,
  makeImage,
  makeLayer,
  type TestLayer,
} from '../system-container/make-image.ts';
import { END, gnuLong, member, pax } from '../system-container/raw-tar.ts';

const CONFIG = {
  ociVersion: '1.0.2',
  process: { terminal: false, user: { uid: 0, gid: 0 }, args: ['/bin/program'], cwd: '/' },
  root: { path: 'rootfs', readonly: true },
};

/** What makes an image of a layer. */
const exportsWith = (manifest: object = {}): readonly Member[] => [
  file('exports/config.json', JSON.stringify(CONFIG)),
  file('exports/manifest.json', JSON.stringify(manifest)),
];
const archive = (...parts: readonly Buffer[]): TestLayer => layerOf(Buffer.concat([...parts, END]));

/** What an attacker wants to write, and where. */
const ROOT_LINE = 'evil::0:0::/:/bin/sh\n';
const EVIL = { name: 'x', content: ROOT_LINE };

describeE2e('hostile images on a real machine', () => {
  const lab = useContainerLab();
  const { sh, snapshot, send, install } = lab;
  let before = '';

  beforeEach(async () => {
    before = await snapshot();
  });
  afterEach(async () => {
    await sh('rm -rf "$1"', BLOBS);
    expect(await snapshot()).toBe(before);
    expect(await sh('grep -c evil /etc/passwd || true; find / -xdev -name "kbevil*"')).toBe('0\n');
  });

  /** Installs an image as kboot does, from the checks on. */
  async function attack(layers: readonly TestLayer[]) {
    await send(layers);
    return install(await makeImage('example/evil:v1', layers), 'evil');
  }

  describe('are refused before anything reaches the machine', () => {
    const layersOf = (...layers: ReadonlyArray<readonly Member[]>) => Promise.all(layers.map(makeLayer));
    test.each<[string, () => Promise<readonly TestLayer[]> | readonly TestLayer[]]>([
      ['a path that leads out', () => layersOf([...exportsWith(), file('../../../etc/passwd', ROOT_LINE)])],
      ['an absolute path', () => [archive(pax({ path: '/etc/kbevil' }), member(EVIL))]],
      ['a link, and a file through it', () => layersOf([link('a', '/etc'), file('a/kbevil', ROOT_LINE)])],
      ['a link of a lower layer', () => layersOf([link('a', '/etc')], [file('a/kbevil', ROOT_LINE)])],
      [
        'a link in the place of a directory of a lower layer',
        () =>
          layersOf([directory('a/')], [link('a', '/etc')], [...exportsWith(), file('a/kbevil', ROOT_LINE)]),
      ],
      [
        'a hard link to a file of the machine',
        () => layersOf([hardLink('a', '/etc/passwd'), file('a', ROOT_LINE)]),
      ],
      ['a member behind the end', () => [archive(member({ name: 'a' }), END, member(EVIL))]],
      ['two names', () => [archive(gnuLong('L', 'a'), pax({ path: '/etc/kbevil' }), member(EVIL))]],
      [
        'a host file that leads out',
        () => layersOf([...exportsWith(), file('exports/hostfs/../../etc/kbevil', '')]),
      ],
      [
        'a host file in the store of layers',
        () => layersOf([...exportsWith(), file('exports/hostfs/var/lib/containers/atomic/.storage/a/b', '')]),
      ],
      [
        'a host file that is renamed into another container',
        () =>
          layersOf([
            ...exportsWith({
              renameFiles: { '/x': '/var/lib/containers/atomic/$OTHER/info' },
              defaultValues: { OTHER: 'etcd.0' },
            }),
            file('exports/hostfs/x', ''),
          ]),
      ],
      [
        "a link in the place of the unit's temporary file",
        () =>
          layersOf([
            ...exportsWith({ renameFiles: { '/x': '/etc/systemd/system/.kboot-new.$NAME.service' } }),
            link('exports/hostfs/x', '/etc/passwd'),
          ]),
      ],
      [
        "a unit that only shares the name of the machine's",
        () =>
          layersOf([
            ...exportsWith({ units: ['ssh.service'] }),
            file('exports/hostfs/opt/kbevil/ssh.service', ''),
          ]),
      ],
    ])('%s', async (_title, layers) => {
      const made = await layers();
      await expect(attack(made)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
    });
  });

  /**
   * The last line of defence: on the machine lies another blob than the one that was checked, as if kboot had not
   * seen what is in it.
   */
  describe('are not unpacked to what was not checked, nor anywhere else', () => {
    test.each<[string, readonly Buffer[]]>([
      ['a path that leads out', [member({ ...EVIL, name: '../../../../../../etc/kbevil' })]],
      ['an absolute path', [member({ ...EVIL, name: '/etc/kbevil' })]],
      [
        'a link, and a file through it',
        [member({ name: 'a', type: '2', linkname: '/etc' }), member({ ...EVIL, name: 'a/kbevil' })],
      ],
      [
        'a relative link, and a file through it',
        [
          member({ name: 'a', type: '2', linkname: '../../../../../../etc' }),
          member({ ...EVIL, name: 'a/kbevil' }),
        ],
      ],
      [
        'a hard link to a file of the machine, then its content',
        [member({ name: 'a', type: '1', linkname: '/etc/passwd' }), member({ ...EVIL, name: 'a' })],
      ],
      ['a device', [member({ name: 'kbevil', type: '4' })]],
      ['a file more than was checked', [member({ name: 'bin', type: '5' }), member(EVIL)]],
    ])('%s', async (_title, parts) => {
      const checked = await makeLayer([...exportsWith(), file('bin/program', 'x', 0o755)]);
      await send([{ ...archive(...parts), digest: checked.digest }]);
      const image = await makeImage('example/evil:v1', [checked]);
      await expect(install(image, 'evil')).rejects.toMatchObject({ code: 'COMMAND_FAILED' });
      expect(
        await sh('ls -A /var/lib/containers/atomic/.storage 2> /dev/null | grep -v "^[.]" || true'),
      ).toBe('');
      await sh('rm -rf /var/lib/containers');
    });
  });

  test('devices and pipes are left out of an image that is otherwise harmless', async () => {
    const layer = await makeLayer([
      ...exportsWith(),
      file('bin/program', 'x', 0o4755),
      { name: 'dev/sda', type: 'block-device', devmajor: 8, devminor: 0 },
      { name: 'dev/mem', type: 'character-device', devmajor: 1, devminor: 1 },
      { name: 'pipe [1]*', type: 'fifo' },
      { name: 'exports/hostfs/opt/kb-device', type: 'block-device', devmajor: 8, devminor: 0 },
    ]);
    expect(await attack([layer])).toMatchObject({ status: 'installed' });
    const found = await sh('find /var/lib/containers -type b -o -type c -o -type p; ls /opt');
    expect(found).toBe('');
    expect(await sh('ls -A "$1"', `/var/lib/containers/atomic/.storage/${layerName(layer)}`)).toBe(
      'bin\nexports\n',
    );
    await uninstallSystemContainer(lab.host, 'evil');
  });

  test('an update puts nothing through a link of the deployment before', async () => {
    const [first, second] = await Promise.all([
      makeLayer([...exportsWith(), link('exports/hostfs/etc/kb-link', '/srv')]),
      makeLayer([...exportsWith(), file('exports/hostfs/etc/kb-link/kbevil', ROOT_LINE)]),
    ]);
    await attack([first]);
    await send([second]);
    const update = lab.update(await makeImage('example/evil:v2', [second]), 'evil');
    await expect(update).rejects.toMatchObject({ code: 'REFUSED' });
    expect(await sh('ls -A /srv')).toBe('');
    await uninstallSystemContainer(lab.host, 'evil');
  });

  test("a service of the machine's cannot be hidden by a container of its name", async () => {
    const layer = await makeLayer(exportsWith());
    await send([layer]);
    const image = await makeImage('example/ssh', [layer]);
    await expect(install(image, 'ssh')).rejects.toThrow(
      'the machine has a service ssh already: /lib/systemd/',
    );
  });

  test("links of the machine lead where its administrator wants, and nothing of the machine's is overwritten", async () => {
    await sh(`mkdir -p /srv/kb-place
    ln -s /srv/kb-place /etc/kb-link
    echo mine > /srv/kb-place/there
    ln -s /etc/passwd /srv/kb-place/.kboot-new.new
    ln -s /etc/passwd /srv/kb-place/linked`);
    before = await snapshot();
    const layer = await makeLayer([
      ...exportsWith(),
      file('exports/hostfs/etc/kb-link/there', ROOT_LINE),
      file('exports/hostfs/etc/kb-link/linked', ROOT_LINE),
      file('exports/hostfs/etc/kb-link/new', 'new'),
    ]);
    const result = await attack([layer]);
    expect(result.created).toContain('/etc/kb-link/new');
    expect(await sh('cat /srv/kb-place/there /srv/kb-place/new; grep -c evil /etc/passwd || true')).toBe(
      'mine\nnew0\n',
    );
    await uninstallSystemContainer(lab.host, 'evil');
    // Whoever made a link in the place of kboot's temporary files has lost it, and nothing else.
    await sh('ln -s /etc/passwd /srv/kb-place/.kboot-new.new');
    expect(await snapshot()).toBe(before);
    await sh('rm -rf /srv/kb-place /etc/kb-link');
    before = await snapshot();
  });
});
