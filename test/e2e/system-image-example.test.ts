import { cp, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from 'node:process';
import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';
import { defaultBundle, eventually, MASTER, on } from '../helpers/cluster.ts';
import { kbootOk, runKboot } from '../helpers/kboot-process.ts';
import { useLab } from '../helpers/lab.ts';
import { describeE2e } from '../helpers/require-e2e.ts';
import { Snapshots } from '../helpers/snapshot.ts';

const EXAMPLE = join(import.meta.dirname, '../../docs/examples/greeter');

describeE2e('the example of docs/system-images.md', () => {
  const own = useLab({ masters: 1, nodes: 0 });
  const snapshots = new Snapshots(own);
  let archive = '';

  beforeAll(async () => {
    await defaultBundle();
    const work = await mkdtemp(join(own.folder, 'greeter-'));
    await cp(EXAMPLE, work, { recursive: true });
    const image = `localhost/greeter-${process.pid}`;
    archive = join(work, 'greeter.tar');
    const goEnv = { ...env, CGO_ENABLED: '0' };
    await execa('go', ['build', '-trimpath', '-o', 'greeter', '.'], { cwd: work, env: goEnv });
    await execa('podman', ['build', '--isolation', 'chroot', '--tag', image, '.'], { cwd: work });
    try {
      await execa('podman', ['save', '--format', 'oci-archive', '--output', archive, image]);
    } finally {
      await execa('podman', ['rmi', '--force', image]);
    }
    // A first login makes folders and units of its own.
    await kbootOk(own.folder, 'reset', '--yes');
  });

  const containers = (...args: string[]) => kbootOk(own.folder, 'containers', ...args);
  const address = () => own.lab.machines[0]?.address ?? '';
  const ask = (port: number) =>
    eventually(`an answer at port ${port}`, () =>
      fetch(`http://${address()}:${port}/`).then(
        (response) => response.text(),
        () => undefined,
      ),
    );

  test('works as the page says, on a bare machine, and leaves nothing', async () => {
    await snapshots.take(MASTER);
    const early = await runKboot(
      own.folder,
      'containers',
      'install',
      `oci-archive:${archive}`,
      '--name',
      'greeter',
    );
    expect(early.code, early.stderr).toBe(15);
    expect(early.stderr).toContain('kboot containers install node-runtime');

    await containers('install', 'node-runtime');
    // What kboot knows of the machine goes into its own images, by whichever name they are called.
    expect(await containers('info', 'node-runtime')).toMatch(/\* PAUSE_IMAGE: registry\.k8s\.io\/pause:/);
    const shown = await containers('install', `oci-archive:${archive}`, '--name', 'greeter', '--display');
    expect(shown).toContain('would create /etc/greeter/greeting');
    const installed = await containers('install', `oci-archive:${archive}`, '--name', 'greeter', '--start');
    expect(installed).toContain('Created file /etc/greeter/greeting');
    expect(await ask(8090)).toBe('hello\n');
    const again = await containers('install', `oci-archive:${archive}`, '--name', 'greeter', '--start');
    expect(again).toBe('greeter already present\n');

    const values = ['--set', 'GREETING=moin', '--set', 'PORT=8091'];
    await containers('install', `oci-archive:${archive}`, '--name', 'moin', ...values, '--start');
    expect(await ask(8091)).toBe('moin\n');
    const list = JSON.parse(await containers('list', '--json'));
    expect(list.map(({ name, state }: { name: string; state: string }) => [name, state])).toEqual([
      ['greeter', 'running'],
      ['moin', 'running'],
      ['node-runtime', 'no service'],
    ]);
    const [saved] = JSON.parse(await containers('images', '--json'));
    expect(JSON.stringify(saved)).toContain('greeter');

    expect(await containers('update', 'moin', '--set', 'GREETING=moin moin')).toContain('Extracting to');
    expect(await ask(8091)).toBe('moin moin\n');
    expect(await containers('update', 'moin')).toBe('Latest version already installed.\n');
    await containers('rollback', 'moin');
    expect(await ask(8091)).toBe('moin\n');
    // What the administrator wrote is served, and stays.
    await on(own.lab, MASTER, 'echo mine > /etc/moin/greeting');
    expect(await ask(8091)).toBe('mine\n');
    const gone = await containers('uninstall', 'moin');
    expect(gone).toBe('Will not delete /etc/moin/greeting as it was manually modified.\n');
    await on(own.lab, MASTER, 'rm -r /etc/moin');

    const missing = await runKboot(own.folder, 'containers', 'update', 'moin');
    expect(missing.code).toBe(14);
    expect(missing.stderr).toContain("System container 'moin' is not installed");
    expect(await containers('logs', 'greeter', '--lines', '5')).toContain('systemd');
    expect(await containers('info', 'greeter')).toContain('PORT: 8090');

    for (const name of ['greeter', 'node-runtime']) await containers('uninstall', name);
    expect(await containers('prune')).toBe('');
    await on(
      own.lab,
      MASTER,
      'rm -rf /var/lib/containerd /run/containerd /run/runc /run/nri /opt/containerd; systemctl reset-failed',
    );
    expect(await snapshots.changed(MASTER)).toEqual([]);
  });
});
