import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { cutPower, rebootMachine, setClock, startMachine, stopMachine } from '../../src/lab/lab.ts';
import { CLUSTER_TIMEOUT_MS, defaultBundle, kubectl, MASTER, on } from '../helpers/cluster.ts';
import { type EventLine, kbootOk, startKboot } from '../helpers/kboot-process.ts';
import { useLab } from '../helpers/lab.ts';
import { kubeletTwo, RUNS_KUBELET_TWO } from '../helpers/other-build.ts';
import { randomNumbers } from '../helpers/random.ts';
import { Snapshots } from '../helpers/snapshot.ts';
import { describeVirtual } from '../helpers/virtual-suites.ts';

const random = randomNumbers();

const NODE = 'node1.example.com';
const BOTH = [MASTER, NODE] as const;
const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;

describeVirtual('virtual machines that are switched off and on', (suite) => {
  const own = useLab({ masters: 1, nodes: 1, options: { virtual: { suite } } });
  const snapshots = new Snapshots(own);
  const sh = async (machine: string, text: string) => (await on(own.lab, machine, text)).trim();

  /** Runs kboot, cuts the power of a machine once `isMoment` says so, and switches the machine on again. */
  async function cutDuring(
    machine: string,
    isMoment: (event: EventLine) => boolean,
    ...argv: readonly string[]
  ): Promise<void> {
    let cut: Promise<void> | undefined;
    const kboot = startKboot(own.folder, [...argv, '--events'], (event) => {
      if (cut !== undefined || !isMoment(event)) return;
      cut = delay(random() * 10_000).then(() => cutPower(own.lab, machine));
    });
    const { code, stderr } = await kboot.ended;
    expect(cut, `the moment did not come: ${stderr}`).toBeDefined();
    await cut;
    console.info(`kboot ${argv.join(' ')}: power of ${machine} cut, exit code ${code}`);
    await startMachine(own.lab, machine);
  }

  const inPhase = (phase: string) => (event: EventLine) =>
    event.type === 'phase-start' && event.phase === phase;

  beforeAll(async () => {
    await defaultBundle();
    // The control plane of an emulated machine that was switched on takes more than the usual ten minutes.
    await appendFile(join(own.folder, 'kboot.yaml'), 'wait: 30m\n');
    // A first login makes folders and units of its own.
    await kbootOk(own.folder, 'reset', '--yes');
    await snapshots.take(...BOTH);
  }, CLUSTER_TIMEOUT_MS);

  test('has a kernel of its own, cgroup v2, AppArmor and a user with sudo', async () => {
    expect(await sh(NODE, 'stat -fc %T /sys/fs/cgroup')).toBe('cgroup2fs');
    expect(await sh(NODE, 'cat /sys/module/apparmor/parameters/enabled')).toBe('Y');
    expect(await sh(NODE, '. /etc/os-release && echo "$VERSION_CODENAME"')).toBe(suite);
    expect(await sh(NODE, 'id -nu 1000')).toBe('admin');
    const boots = await Promise.all(
      BOTH.map((machine) => sh(machine, 'cat /proc/sys/kernel/random/boot_id')),
    );
    expect(new Set(boots).size).toBe(2);
  });

  test('becomes a master by the same command after its power was cut in the middle', async () => {
    await cutDuring(MASTER, inPhase('kubeadm-init'), 'init');
    await kbootOk(own.folder, 'init');
    expect(await kbootOk(own.folder, 'init')).toContain('no changes');
  });

  test('becomes a node by the same command after its power was cut in the middle', async () => {
    await cutDuring(NODE, inPhase('kubeadm-join'), 'join', '--all');
    await kbootOk(own.folder, 'join', '--all');
    expect(await kbootOk(own.folder, 'join', '--all')).toContain('no changes');
    expect(await kubectl(own.folder, ['get', 'nodes', '-o', 'name'])).toBe(`node/${MASTER}\nnode/${NODE}`);
  });

  test('runs the containers under cgroup v2, whoever asks', async () => {
    expect(await sh(NODE, 'cat /proc/$(systemctl show -p MainPID --value kubelet)/attr/current')).toBe(
      'unconfined',
    );
    expect(await sh(NODE, 'cat /sys/fs/cgroup/cgroup.controllers')).toContain('pids');
    expect(await sh(NODE, 'ls -d /sys/fs/cgroup/kubepods* | head -1')).toContain('kubepods');
  });

  test('updates the kubelet while the clock jumps, and after a cut of its power', async () => {
    const reference = await kubeletTwo(join(own.folder, 'two'));
    const update = ['containers', 'update', 'kubelet', '--rebase', reference, '--host', NODE] as const;
    const running = kbootOk(own.folder, ...update);
    await delay(10_000);
    await sh(NODE, 'date -s "+2 hours"');
    await running;
    await sh(NODE, 'date -s "-2 hours"');
    await sh(NODE, RUNS_KUBELET_TWO);
    await kbootOk(own.folder, 'containers', 'rollback', 'kubelet', '--host', NODE);
    await cutDuring(NODE, ({ type }) => type === 'run-start', ...update);
    await kbootOk(own.folder, ...update);
    await sh(NODE, RUNS_KUBELET_TWO);
    await kbootOk(own.folder, 'containers', 'rollback', 'kubelet', '--host', NODE);
  });

  test('comes back after a reboot as it was', async () => {
    for (const machine of BOTH) await rebootMachine(own.lab, machine);
    expect(await kbootOk(own.folder, 'init')).toContain('no changes');
    expect(await kbootOk(own.folder, 'join', '--all')).toContain('no changes');
  });

  test('warns of its certificates when eleven months have passed', async () => {
    const later = new Date(Date.now() + 335 * DAY).toISOString().slice(0, 19);
    for (const machine of BOTH) {
      await setClock(own.lab, machine, later);
      await stopMachine(own.lab, machine);
      await startMachine(own.lab, machine);
    }
    const { code, stderr } = await startKboot(own.folder, ['init']).ended;
    expect(stderr).toMatch(/certificate.* (29|30) days/);
    expect(code).toBe(0);
  });

  test('is as it was before, after a reset', async () => {
    await kbootOk(own.folder, 'reset', '--yes');
    for (const machine of BOTH) expect(await snapshots.changed(machine), machine).toEqual([]);
  });
});
