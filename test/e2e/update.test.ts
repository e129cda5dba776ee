import { beforeAll, describe, expect, test } from 'vitest';
import {
  activateSystemContainer,
  listSystemContainers,
  rollbackSystemContainer,
  type SystemImage,
  startSystemContainer,
  uninstallSystemContainer,
} from '../../src/system-container/index.ts';
import { compileTestProgram, PROGRAM_CONFIG, STORE, useContainerLab } from '../helpers/container-lab.ts';
import { describeE2e } from '../helpers/require-e2e.ts';
import { directory, file, link, type Member, makeImage, makeLayer } from '../system-container/make-image.ts';

const ROOT = '/var/lib/containers/atomic';

describeE2e('updates on a real machine', () => {
  const lab = useContainerLab();
  const { sh, snapshot, send, install, update } = lab;
  let base: Awaited<ReturnType<typeof makeLayer>>;

  beforeAll(async () => {
    base = await makeLayer([
      directory('./'),
      directory('bin/'),
      file('bin/program', await compileTestProgram(lab.own.folder), 0o755),
      directory('proc/'),
      directory('state/'),
    ]);
  });

  /** Another build of the same service. */
  async function build(version: string, extra: readonly Member[] = [], manifest = {}): Promise<SystemImage> {
    const own = await makeLayer([
      file('version', version),
      directory('exports/'),
      directory('exports/hostfs/'),
      file('exports/hostfs/etc/kbup/settings', 'greeting=${GREETING}\n', 0o640),
      file('exports/hostfs/etc/kbup/version', version),
      link('exports/hostfs/opt/kbup-program', `${ROOT}/kbup/rootfs/bin/program`),
      file('exports/config.json.template', JSON.stringify(PROGRAM_CONFIG)),
      file(
        'exports/manifest.json',
        JSON.stringify({
          defaultValues: { GREETING: `hello-${version}` },
          installedFilesTemplate: ['/etc/kbup/settings'],
          ...manifest,
        }),
      ),
      ...extra,
    ]);
    await send([base, own]);
    return makeImage('example/kbup:latest', [base, own]);
  }

  /** What the running service wrote, as soon as it has. */
  const greeting = () =>
    sh(`for try in 1 2 3 4 5 6 7 8 9 10; do [ -s /var/lib/kbup/out ] && break; sleep 0.2; done
      cat /var/lib/kbup/out; rm /var/lib/kbup/out`);
  const hostFiles = () => sh('cd /etc/kbup; for f in *; do echo "$f: $(cat "$f")"; done; ls /opt');
  const active = () => sh(`basename "$(readlink ${ROOT}/kbup)"; systemctl is-active kbup`);

  describe('a service', () => {
    let before = '';

    beforeAll(async () => {
      before = await snapshot();
      await install(await build('one'), 'kbup', { EXTRA: 'x' });
      await startSystemContainer(lab.host, 'kbup');
      expect(await greeting()).toBe('hello-one');
      return async () => {
        await uninstallSystemContainer(lab.host, 'kbup');
        await sh('rm -rf /var/lib/kbup');
        expect(await snapshot()).toBe(before);
      };
    });

    test('changes build, defaults and host files, and keeps what was set', async () => {
      const image = await build('two', [file('exports/hostfs/etc/kbup/new', 'new')]);
      const result = await update(image, 'kbup', { OTHER: 'y' });
      expect(result).toMatchObject({ status: 'updated', deployment: `${ROOT}/kbup.1`, after: image.id });
      expect(result.downtimeMs).toBeGreaterThan(0);
      expect(await greeting()).toBe('hello-two');
      expect(await active()).toBe('kbup.1\nactive\n');
      expect(await hostFiles()).toBe('new: new\nsettings: greeting=hello-two\nversion: two\nkbup-program\n');
      expect(await listSystemContainers(lab.host)).toMatchObject([
        { name: 'kbup', deployment: 'kbup.1', userValues: { EXTRA: 'x', OTHER: 'y' }, state: 'running' },
      ]);
      const [first, second] = await Promise.all(
        [0, 1].map((slot) => sh(`sed -n 's/.*"UUID": //p' ${ROOT}/kbup.${slot}/info`)),
      );
      expect(first).toBe(second);
      expect((await update(image, 'kbup')).messages).toEqual(['Latest version already installed.']);
      expect(await update(image, 'kbup', { OTHER: 'y' })).toMatchObject({ status: 'unchanged' });
    });

    test('rolls back to what it was, and forth again', async () => {
      expect(await rollbackSystemContainer(lab.host, 'kbup')).toMatchObject({
        deployment: `${ROOT}/kbup.0`,
        messages: [
          'Attempting to roll back system container: kbup',
          `Rolling back container kbup to the checkout at ${ROOT}/kbup.0`,
        ],
      });
      expect(await greeting()).toBe('hello-one');
      expect(await hostFiles()).toBe('settings: greeting=hello-one\nversion: one\nkbup-program\n');
      await rollbackSystemContainer(lab.host, 'kbup');
      expect(await greeting()).toBe('hello-two');
      expect(await hostFiles()).toContain('new: new');
    });

    test('keeps a changed host file through update, rollback and uninstall, and says so', async () => {
      await sh('echo mine > /etc/kbup/version');
      const result = await update(await build('three'), 'kbup');
      expect(result.messages).toContain('Will not delete /etc/kbup/version as it was manually modified.');
      expect(result.messages).toContain('File /etc/kbup/version already exists');
      expect(await hostFiles()).toBe('settings: greeting=hello-three\nversion: mine\nkbup-program\n');
      await rollbackSystemContainer(lab.host, 'kbup');
      expect(await hostFiles()).toContain('version: mine\n');
      await rollbackSystemContainer(lab.host, 'kbup');
      // Put back as the container had it, it is the container's again.
      await sh('printf two > /etc/kbup/version');
      await update(await build('four'), 'kbup');
      expect(await hostFiles()).toContain('version: four\n');
    });

    test.each<[string, readonly Member[], object, RegExp]>([
      ['ends at once', [], {}, /again and again|failed/],
      [
        'is not healthy',
        [],
        { healthCheck: ['sh', '-c', 'echo no answer; exit 1'], healthTimeout: 2 },
        /not healthy after 2 s \(active\): no answer/,
      ],
    ])('that %s is rolled back by itself', async (title, extra, manifest, why) => {
      const config = structuredClone(PROGRAM_CONFIG);
      if (title === 'ends at once') config.process.args = ['/bin/no-such-program'];
      await sh('rm -f /var/lib/kbup/out');
      const was = await active();
      const files = await hostFiles();
      const broken = await build(
        title,
        [...extra, file('exports/config.json.template', JSON.stringify(config))],
        manifest,
      );
      await expect(update(broken, 'kbup')).rejects.toMatchObject({
        code: 'ROLLED_BACK',
        message: expect.stringMatching(why),
      });
      expect(await active()).toBe(was);
      expect(await hostFiles()).toBe(files);
      expect(await greeting()).toContain('hello-');
      await expect(rollbackSystemContainer(lab.host, 'kbup')).rejects.toThrow(
        'Error: Cannot find a previous deployment to rollback located at',
      );
    });

    test('a mistake in the image disturbs nothing', async () => {
      const was = await active();
      const pid = await sh('systemctl show -p MainPID kbup');
      await expect(update(await build('five', [], { defaultValues: {} }), 'kbup')).rejects.toThrow(
        "still contains an unreplaced value for: ''GREETING''",
      );
      expect(await active()).toBe(was);
      expect(await sh('systemctl show -p MainPID kbup')).toBe(pid);
    });

    test('is prepared first, and activated later', async () => {
      const was = await active();
      const image = await build('six');
      expect(await update(image, 'kbup', {}, true)).toMatchObject({ status: 'prepared' });
      expect(await active()).toBe(was);
      await expect(rollbackSystemContainer(lab.host, 'kbup')).rejects.toThrow('Cannot find a previous');
      expect(await update(image, 'kbup', {}, true)).toMatchObject({
        status: 'prepared',
        messages: [expect.stringContaining('prepared already')],
      });
      expect(await activateSystemContainer(lab.host, 'kbup')).toMatchObject({ status: 'updated' });
      expect(await greeting()).toBe('hello-six');
      await expect(activateSystemContainer(lab.host, 'kbup')).rejects.toThrow(
        'no deployment of kbup is prepared',
      );
      await rollbackSystemContainer(lab.host, 'kbup');
      expect(await active()).toBe(was);
    });

    test('that was stopped stays stopped', async () => {
      await sh('systemctl stop kbup');
      await update(await build('seven'), 'kbup');
      expect(await sh('systemctl is-active kbup || true')).toBe('inactive\n');
      await startSystemContainer(lab.host, 'kbup');
      await sh('rm -f /var/lib/kbup/out');
    });

    test('two deployments that share a layer hold it once', async () => {
      expect(await sh(`stat -c %h ${STORE}/${base.digest.slice(7)}/bin/program`)).toBe('3\n');
    });
  });

  describe('an image without a service', () => {
    const tool = async (version: string, unit = 'kbtool') => {
      const layer = await makeLayer([
        file('exports/hostfs/opt/kbtool/bin', `#!/bin/sh\n# ${version}\nexec sleep infinity\n`, 0o755),
        file(
          `exports/hostfs/etc/systemd/system/${unit}.service`,
          `[Service]\nExecStart=/opt/kbtool/bin\n[Install]\nWantedBy=multi-user.target\n`,
        ),
        file(
          'exports/manifest.json',
          JSON.stringify({ noContainerService: true, units: [`${unit}.service`] }),
        ),
        file('exports/tmpfiles.template', 'd /var/lib/kbtool 0700 0 0 - -\n'),
      ]);
      await send([layer]);
      return makeImage('example/kbtool:latest', [layer]);
    };

    test('restarts its units, exchanges those that have other names, and rolls back', async () => {
      const before = await snapshot();
      await install(await tool('one'), 'kbtool');
      const pid = await sh('systemctl show -p MainPID --value kbtool');
      await update(await tool('two'), 'kbtool');
      expect(await sh('systemctl is-active kbtool; grep "# " /opt/kbtool/bin')).toBe('active\n# two\n');
      expect(await sh('systemctl show -p MainPID --value kbtool')).not.toBe(pid);
      await update(await tool('three', 'kbother'), 'kbtool');
      const state = 'systemctl is-active kbtool kbother || true; ls /etc/systemd/system | grep kb';
      expect(await sh(state)).toBe('inactive\nactive\nkbother.service\n');
      await rollbackSystemContainer(lab.host, 'kbtool');
      expect(await sh(state)).toBe('active\ninactive\nkbtool.service\n');
      expect(await sh('grep "# " /opt/kbtool/bin')).toBe('# two\n');
      await uninstallSystemContainer(lab.host, 'kbtool');
      expect(await snapshot()).toBe(before);
    });
  });
});
