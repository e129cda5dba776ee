import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  execOnMachine,
  type Lab,
  labDown,
  labStatus,
  labUp,
  rebootMachine,
  startMachine,
  stopMachine,
} from '../../src/lab/lab.ts';
import { freshLabName, LAB_UP_TIMEOUT_MS, useLab } from '../helpers/lab.ts';
import { describeE2e } from '../helpers/require-e2e.ts';

const SLOW_MS = 120_000;

/** Runs a command line on a machine by ssh, as the lab's user. */
async function ssh(lab: Lab, machine: string, line: string): Promise<string> {
  const { stdout } = await execa(
    'ssh',
    ['-F', lab.files.sshConfig, '-o', 'ConnectTimeout=5', machine, line],
    {
      stdin: 'ignore',
    },
  );
  return stdout;
}

/** All that podman has of a lab. */
async function remains(name: string): Promise<string> {
  const filter = ['--quiet', '--filter', `label=kboot.lab=${name}`];
  const lists = await Promise.all(
    [
      ['ps', '--all'],
      ['volume', 'ls'],
      ['network', 'ls'],
    ].map((list) => execa('podman', [...list, ...filter])),
  );
  return lists.map(({ stdout }) => stdout).join('');
}

describeE2e('a lab', { timeout: SLOW_MS }, () => {
  const own = useLab({ nodes: 1 });
  const request = () => ({ name: own.lab.name, clusterFile: join(own.folder, 'kboot.yaml') });

  test('has machines that are reached by their names, each one its own', async () => {
    const ids = new Set<string>();
    for (const name of ['master.example.com', 'node1.example.com', 'node1']) {
      const [hostname, id] = (await ssh(own.lab, name, 'uname -n; cat /etc/machine-id')).split('\n');
      expect(name.startsWith('node1') ? 'node1.example.com' : name).toBe(hostname);
      ids.add(id ?? '');
    }
    expect(ids.size).toBe(2);
  });

  test('has machines that find each other by name', async () => {
    const node = own.lab.machines.find(({ name }) => name === 'node1.example.com');
    expect(await ssh(own.lab, 'master', 'getent hosts node1.example.com')).toContain(node?.address);
  });

  test('has machines that forward nothing yet', async () => {
    expect(await ssh(own.lab, 'master', 'cat /proc/sys/net/ipv4/ip_forward')).toBe('0');
  });

  test("refuses a machine whose host key is not the lab's", async () => {
    const [first, ...others] = (await readFile(own.lab.files.knownHosts, 'utf8')).trim().split('\n');
    const swapped = join(own.folder, 'swapped');
    await writeFile(
      swapped,
      `${(first ?? '').split(' ')[0]} ${(others[0] ?? '').split(' ').slice(1).join(' ')}\n`,
    );
    const options = ['-F', own.lab.files.sshConfig, '-o', `UserKnownHostsFile=${swapped}`];
    await expect(execa('ssh', [...options, 'master', 'true'])).rejects.toThrow(
      'Host key verification failed',
    );
  });

  test('brought up again is left alone', async () => {
    const before = await labStatus(own.lab.name, own.context);
    const again = await labUp(request(), own.context);
    expect(again.started).toEqual([]);
    expect(again.clusterFile.written).toBe('unchanged');
    expect(again.machines).toEqual(own.lab.machines);
    expect(await labStatus(own.lab.name, own.context)).toEqual(before);
  });

  test('tells how its machines are', async () => {
    const { machines, files } = await labStatus(own.lab.name, own.context);
    expect(files.sshConfig).toBe(own.lab.files.sshConfig);
    expect(machines).toEqual([
      expect.objectContaining({ name: 'master.example.com', role: 'master', state: 'running' }),
      expect.objectContaining({ name: 'node1.example.com', role: 'node', state: 'running' }),
    ]);
  });

  test('reboots a machine: disks stay, /run does not, mounts are shared again', async () => {
    await ssh(own.lab, 'node1', 'touch /etc/kept /var/lib/kept /run/gone');
    await rebootMachine(own.lab, 'node1.example.com');
    const after = await ssh(
      own.lab,
      'node1',
      'ls /etc/kept /var/lib/kept /run/gone 2>&1; findmnt -no PROPAGATION /',
    );
    expect(after).toBe(
      "ls: cannot access '/run/gone': No such file or directory\n/etc/kept\n/var/lib/kept\nshared",
    );
  });

  test('comes back by itself after a reboot that someone else asked for', async () => {
    await ssh(own.lab, 'node1', 'touch /run/gone; systemctl reboot').catch(() => undefined);
    await expect
      .poll(() => ssh(own.lab, 'node1', 'test -e /run/gone || echo rebooted').catch(() => ''), {
        timeout: SLOW_MS,
      })
      .toBe('rebooted');
  });

  test('starts a machine that is off, with the same address and host key', async () => {
    await stopMachine(own.lab, 'node1.example.com');
    await expect(ssh(own.lab, 'node1', 'true')).rejects.toThrow(/No route to host|timed out/);
    const { machines } = await labStatus(own.lab.name, own.context);
    expect(machines[1]).toMatchObject({ name: 'node1.example.com', state: 'exited' });
    const again = await labUp(request(), own.context);
    expect(again.started).toEqual(['node1.example.com']);
    expect(again.machines).toEqual(own.lab.machines);
    await stopMachine(own.lab, 'node1.example.com');
    await startMachine(own.lab, 'node1.example.com');
    expect(await ssh(own.lab, 'node1', 'systemctl is-system-running')).toBe('running');
  });

  test('grows, and does not shrink', async () => {
    const grown = await labUp({ ...request(), nodes: 2 }, own.context);
    expect(grown.started).toEqual(['node2.example.com']);
    expect(grown.clusterFile.written).toBe('written');
    expect(await readFile(join(own.folder, 'kboot.yaml'), 'utf8')).toContain('node2.example.com');
    expect(await ssh(grown, 'node2', 'cat /etc/hostname')).toBe('node2.example.com');
    await expect(labUp({ ...request(), nodes: 1 }, own.context)).rejects.toMatchObject({ code: 'REFUSED' });
  });
});

describeE2e('another kind of lab, beside the first', { timeout: SLOW_MS }, () => {
  const own = useLab({
    nodes: 0,
    options: { user: 'ada', sudo: false, shell: 'fish', tmpNoexec: true, varSize: '300m', bastion: true },
  });

  test('the user is no root and gets no root, in a shell that is not POSIX', async () => {
    expect(await ssh(own.lab, 'master', 'for i in (seq 2); id -un; end')).toBe('ada\nada');
    await expect(ssh(own.lab, 'master', 'sudo -n true')).rejects.toThrow('sudo');
  });

  test('/tmp runs nothing, and /var is small', async () => {
    expect(await ssh(own.lab, 'master', 'findmnt -no OPTIONS /tmp')).toContain('noexec');
    expect(await ssh(own.lab, 'master', 'df --output=size -m /var | tail -1 | tr -d " "')).toBe('300');
  });

  test('the master is reached through the bastion only', async () => {
    const master = own.lab.machines.find(({ role }) => role === 'master');
    const direct = ['-F', own.lab.files.sshConfig, '-o', 'ProxyJump=none', '-o', 'ConnectTimeout=3'];
    await expect(execa('ssh', [...direct, 'master', 'true'])).rejects.toThrow('timed out');
    expect(await ssh(own.lab, 'bastion', `getent hosts ${master?.name}`)).toContain(master?.address);
  });
});

describeE2e('a lab that goes', { timeout: LAB_UP_TIMEOUT_MS }, () => {
  let home: string;
  const context = () => ({ env: { PATH: process.env['PATH'] }, home });
  const names = [freshLabName(), freshLabName()];
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'kboot-lab-'));
  });
  afterAll(async () => {
    for (const name of names) await labDown(name, {}, context());
    await rm(home, { recursive: true });
  });

  test('leaves no container, volume, network or file', async () => {
    const [name = ''] = names;
    const clusterFile = join(home, 'kboot.yaml');
    await labUp({ name, nodes: 0, clusterFile }, context());
    expect(await remains(name)).not.toBe('');
    const removed = await labDown(name, {}, context());
    expect(removed).toEqual({ machines: ['master.example.com'], keptClusterFile: undefined, keptImages: [] });
    expect(await remains(name)).toBe('');
    await expect(access(clusterFile)).rejects.toThrow('ENOENT');
    expect(await readdir(join(home, '.local/state'))).toEqual([]);
    expect(await labDown(name, {}, context())).toMatchObject({ machines: [] });
  });

  test('half made goes on where it stopped', async () => {
    const [, name = ''] = names;
    const reason = new Error('stop');
    const abort = new AbortController();
    const onProgress = (text: string) => {
      if (text.startsWith('starting')) setTimeout(() => abort.abort(reason), 700);
    };
    const up = labUp({ name, nodes: 1 }, { ...context(), onProgress, signal: abort.signal });
    await expect(up).rejects.toBe(reason);
    const lab = await labUp({ name }, context());
    expect(lab.machines.map((machine) => machine.name)).toEqual(['master.example.com', 'node1.example.com']);
    expect(await execOnMachine(lab, 'node1.example.com', ['systemctl', 'is-system-running'])).toBe('running');
  });
});

describe('the names of labs', () => {
  test('what is no name is refused before anything is looked at', async () => {
    const context = { env: {}, home: '/nonexistent' };
    for (const verb of [
      () => labUp({ name: '../x' }, context),
      () => labDown('../x', {}, context),
      () => labStatus('../x', context),
    ])
      await expect(verb()).rejects.toMatchObject({ code: 'USAGE' });
  });
});
