import { beforeAll, describe, expect, test } from 'vitest';
import {
  hostFileConflicts,
  installSystemContainer,
  listSystemContainers,
  startSystemContainer,
  uninstallSystemContainer,
} from '../../src/system-container/index.ts';
import { BLOBS, compileTestProgram, STORE, useContainerLab } from '../helpers/container-lab.ts';
import { kbtestLayers } from '../helpers/kbtest-layers.ts';
import { describeE2e } from '../helpers/require-e2e.ts';
import { directory, file, makeImage, makeLayer, type TestLayer } from '../system-container/make-image.ts';

/** A program that is told to end before it listens to signals would be waited for in vain. */
const WAIT_FOR_PROGRAM = `
for try in 1 2 3 4 5 6 7 8 9 10; do
  if [ -s /var/lib/kbtest/out ]; then break; fi
  sleep 0.2
done
cat /var/lib/kbtest/out`;

let base: TestLayer;
let service: TestLayer;

describeE2e('system containers on a real machine', () => {
  const lab = useContainerLab();
  const { sh, snapshot, send, install } = lab;

  beforeAll(async () => {
    [base, service] = await kbtestLayers(await compileTestProgram(lab.own.folder));
    await send([base, service]);
  }, 300_000);

  describe('a service', () => {
    test('is installed, runs, is listed, and leaves nothing when it is uninstalled', async () => {
      const before = await snapshot();
      const image = await makeImage('example/kbtest:v1', [base, service]);
      const result = await install(image, 'kbtest', { GREETING: 'hi' });
      expect(result).toMatchObject({ status: 'installed', revision: image.id });
      expect(result.warnings.join()).toContain('CAP_SYS_RESOURCE');
      expect(result.stateDirectories).toEqual(['/var/lib/kbtest']);

      const look = await sh(`
      cd /var/lib/containers/atomic/kbtest/rootfs
      stat -c '%a %F' tmp replaced later-a-directory old
      ls old
      stat -c %h bin/program replaced/inside
      stat -c '%a %U %n' /etc/kbtest /etc/kbtest/settings /etc/kbtest/empty
      cat /etc/kbtest/settings
      systemctl is-enabled kbtest
      readlink /var/lib/containers/atomic/kbtest`);
      expect(look.split('\n')).toMatchInlineSnapshot(`
      [
        "1777 directory",
        "755 directory",
        "755 directory",
        "755 directory",
        "4",
        "2",
        "750 root /etc/kbtest",
        "640 root /etc/kbtest/settings",
        "700 root /etc/kbtest/empty",
        "greeting=hi",
        "enabled",
        "/var/lib/containers/atomic/kbtest.0",
        "",
      ]
    `);

      expect(await listSystemContainers(lab.host)).toMatchObject([
        {
          name: 'kbtest',
          deployment: 'kbtest.0',
          state: 'inactive',
          command: '/bin/program hi',
          broken: undefined,
        },
      ]);
      await startSystemContainer(lab.host, 'kbtest');
      expect(await sh(WAIT_FOR_PROGRAM)).toBe('hi');
      expect(await listSystemContainers(lab.host)).toMatchObject([{ name: 'kbtest', state: 'running' }]);

      expect(await install(image, 'kbtest', { GREETING: 'hi' })).toMatchObject({ status: 'unchanged' });
      expect(await install(image, 'kbtest')).toMatchObject({ status: 'present' });

      await sh('systemctl stop kbtest');
      expect(await listSystemContainers(lab.host)).toMatchObject([{ name: 'kbtest', state: 'inactive' }]);
      // A unit may mount its rootfs; nothing that is mounted there may be deleted with the deployment.
      await sh(`mkdir /var/tmp/precious && touch /var/tmp/precious/file
      mount --bind /var/tmp/precious /var/lib/containers/atomic/kbtest.0/rootfs/tmp
      rm /var/lib/kbtest/out`);
      await startSystemContainer(lab.host, 'kbtest');
      await sh(WAIT_FOR_PROGRAM);
      expect(await uninstallSystemContainer(lab.host, 'kbtest')).toMatchObject({
        kept: [],
        stateDirectories: ['/var/lib/kbtest'],
      });
      await sh('rm /var/tmp/precious/file; rm -r /var/lib/kbtest /var/tmp/precious');
      expect(await snapshot()).toBe(before);
      expect(await uninstallSystemContainer(lab.host, 'kbtest')).toMatchObject({ status: 'absent' });
      expect(await listSystemContainers(lab.host)).toEqual([]);
    });
  });

  describe('an image without a service', () => {
    const unit = `[Service]\nExecStart=/usr/local/bin/kbtool wait\n[Install]\nWantedBy=multi-user.target\n`;
    const files = (extra: readonly ReturnType<typeof file>[] = []) =>
      makeLayer([
        directory('exports/hostfs/usr/local/bin/'),
        file('exports/hostfs/usr/local/bin/kbtool', '#!/bin/sh\nexec sleep infinity\n', 0o755),
        file('exports/hostfs/etc/systemd/system/kbtool.service', unit),
        file(
          'exports/manifest.json',
          JSON.stringify({ noContainerService: true, units: ['kbtool.service'] }),
        ),
        ...extra,
      ]);

    test('puts its files on the lab.host, starts its units, and takes both away again', async () => {
      const before = await snapshot();
      const layer = await files();
      await send([layer]);
      const image = await makeImage('example/kbtool:latest', [layer]);
      expect(await hostFileConflicts(lab.host, [{ name: 'kbtool', image }])).toEqual([]);
      const options = {
        image,
        capabilities: lab.capabilities,
        blobDirs: [BLOBS],
        runtime: '/no/such/runtime',
      };
      expect(await installSystemContainer(lab.host, options)).toMatchObject({
        status: 'installed',
        name: 'kbtool',
        messages: [
          'Extracting to /var/lib/containers/atomic/kbtool.0',
          'Created file /etc/systemd/system/kbtool.service',
          'Created file /usr/local/bin/kbtool',
        ],
      });
      expect(
        await sh(
          'systemctl is-active kbtool; systemctl is-enabled kbtool; ls /var/lib/containers/atomic/kbtool',
        ),
      ).toBe('active\nenabled\nconfig.json\ninfo\nrootfs\n');
      expect(await listSystemContainers(lab.host)).toMatchObject([{ name: 'kbtool', state: 'no service' }]);
      expect(await hostFileConflicts(lab.host, [{ name: 'kbtool', image }])).toEqual([]);

      await sh('systemctl stop kbtool');
      expect(await installSystemContainer(lab.host, options)).toMatchObject({ status: 'unchanged' });
      expect(await sh('systemctl is-active kbtool')).toBe('active\n');

      await uninstallSystemContainer(lab.host, 'kbtool');
      expect(await snapshot()).toBe(before);
    });

    test('finds foreign files in its way, and does not touch them', async () => {
      const layer = await files();
      const image = await makeImage('example/kbtool:latest', [layer]);
      await sh(
        'printf "#!/bin/sh\\nexec sleep 1234\\n" > /usr/local/bin/kbtool; chmod 755 /usr/local/bin/kbtool',
      );
      const before = await snapshot();
      expect(await hostFileConflicts(lab.host, [{ name: 'kbtool', image }])).toEqual([
        { path: '/usr/local/bin/kbtool', name: 'kbtool' },
      ]);
      const options = { image, capabilities: lab.capabilities, blobDirs: [BLOBS] };
      expect((await installSystemContainer(lab.host, options)).messages).toContain(
        'File /usr/local/bin/kbtool already exists',
      );
      await uninstallSystemContainer(lab.host, 'kbtool');
      expect(await snapshot()).toBe(before);
      await sh('rm /usr/local/bin/kbtool');
    });

    test('keeps what was changed since, and a folder as long as others need it', async () => {
      const before = await snapshot();
      const shared = await makeLayer([file('usr/share/data', 'x'.repeat(100_000))]);
      const [one, two] = await Promise.all(
        ['one', 'two'].map(async (name) => {
          const own = await makeLayer([
            file(`exports/hostfs/opt/shared/${name}`, name),
            file('exports/manifest.json', JSON.stringify({ noContainerService: name === 'one' })),
            file('exports/config.json', '{}'),
          ]);
          await send([shared, own]);
          return makeImage(`example/${name}`, [shared, own]);
        }),
      );
      if (!one || !two) throw new Error('both images are made above');
      await install(one, 'kbone');
      await install(two, 'kbtwo');
      expect(await sh(`ls ${STORE} | wc -l; stat -c %h ${STORE}/*/usr/share/data`)).toBe('3\n2\n');

      await sh('echo changed >> /opt/shared/one');
      expect(await uninstallSystemContainer(lab.host, 'kbone')).toMatchObject({
        kept: ['/opt/shared/one'],
        occupied: ['/opt/shared'],
        messages: ['Will not delete /opt/shared/one as it was manually modified.'],
      });
      expect(await sh(`ls ${STORE} | wc -l`)).toBe('2\n');
      await sh('rm /opt/shared/one');
      // The folder was made by the first: the second takes it away all the same.
      expect(await uninstallSystemContainer(lab.host, 'kbtwo')).toMatchObject({ kept: [], occupied: [] });
      expect(await snapshot()).toBe(before);
    });

    test('leaves nothing when its unit does not start', async () => {
      const before = await snapshot();
      const layer = await makeLayer([
        file(
          'exports/hostfs/etc/systemd/system/kbtool.service',
          '[Service]\nType=oneshot\nExecStart=/bin/false\n',
        ),
        file('exports/hostfs/opt/kbtool/deep/file', 'x'),
        file('exports/tmpfiles.template', 'd ${STATE_DIRECTORY}/kbtool/state 0700 0 0 - -\n'),
        file(
          'exports/manifest.json',
          JSON.stringify({ noContainerService: true, units: ['kbtool.service'] }),
        ),
      ]);
      await send([layer]);
      const image = await makeImage('example/kbtool:latest', [layer]);
      await expect(
        installSystemContainer(lab.host, { image, capabilities: lab.capabilities, blobDirs: [BLOBS] }),
      ).rejects.toThrow('kbtool');
      // Only the unpacked layer may stay, for the next try.
      await sh('rm -r /var/lib/containers');
      expect(await snapshot()).toBe(before);
    });
  });
});
