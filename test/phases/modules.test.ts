import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Facts } from '../../src/facts/facts.ts';
import { baseline } from '../../src/phases/baseline.ts';
import { kernel, MODULES_FILE } from '../../src/phases/kernel.ts';
import { unloadModules } from '../../src/phases/modules.ts';
import { restore } from '../../src/phases/reset/restore.ts';
import { clusterStateOf, factsWith, stateWith } from '../helpers/cluster-state.ts';
import { FakeHost, type Reply } from '../helpers/fake-host.ts';
import { contextWith } from '../helpers/phase-context.ts';

const PLAIN: Facts['kernelModules'] = {
  overlay: 'loaded',
  br_netfilter: 'absent',
  bridge: 'absent',
  stp: 'absent',
  llc: 'loaded',
  nf_nat: 'absent',
  nf_conntrack: 'absent',
  nf_defrag_ipv4: 'builtin',
};

const contextOf = (kernelModules: Facts['kernelModules']) =>
  contextWith({
    clusterState: clusterStateOf(
      stateWith('master.example.com', 'master', { facts: factsWith({ kernelModules }) }),
    ),
  });

test('the ledger gets the modules that were not loaded, before they are', async () => {
  const context = contextOf(PLAIN);
  await baseline.run(context);
  const [written] = [...context.host.files.values()];
  expect(JSON.parse(written?.content ?? '').modules).toEqual([
    'br_netfilter',
    'bridge',
    'stp',
    'nf_nat',
    'nf_conntrack',
  ]);
});

test('only what containers need is loaded by name: the rest comes with it', async () => {
  const context = contextOf(PLAIN);
  expect(kernel.decide(context.state, context.clusterState, context.bundle).because).toBe(
    'not loaded: br_netfilter',
  );
  context.host.on(() => true);
  await kernel.run(context);
  expect(context.host.files.get(MODULES_FILE)?.content).toBe('br_netfilter\n');
  const done = contextOf({ ...PLAIN, br_netfilter: 'builtin' });
  expect(kernel.decide(done.state, done.clusterState, done.bundle).run).toBe(false);
});

test('what stays loaded is told, and is no error', async () => {
  const ledger = {
    ...{
      version: 1,
      cluster: 'c',
      role: 'master',
      createdAt: '',
      sysctls: {},
      kept: [],
      empty: [],
      links: [],
    },
    modules: ['br_netfilter', 'overlay'],
  } as const;
  const state = stateWith('master.example.com', 'master', { ledger: structuredClone(ledger) as never });
  const context = contextWith({ clusterState: clusterStateOf(state) });
  const isUnload: (command: { argv: readonly string[] }) => boolean = ({ argv }) => argv.includes('overlay');
  context.host.on(isUnload, 'kept\toverlay\trmmod: ERROR: Module overlay is in use\n').on(() => true);
  await restore.run(context);
  expect(context.told).toEqual([
    'warning: the kernel module overlay stays loaded: rmmod: ERROR: Module overlay is in use',
  ]);
});

describe('on a machine', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'kboot-modules-'));
    for (const folder of ['bin', 'proc', 'etc/modules-load.d', 'sys/class/net/eth0'])
      await mkdir(join(root, folder), { recursive: true });
    await program('systemd-detect-virt', 'exit 1');
    await program('rmmod', `sed -i "/^$1 /d" ${root}/proc/modules`);
  });
  afterEach(() => rm(root, { recursive: true }));

  async function program(name: string, body: string): Promise<void> {
    await writeFile(join(root, 'bin', name), `#!/bin/sh\n${body}\n`);
    await chmod(join(root, 'bin', name), 0o755);
  }

  /** Unloads modules where these are loaded; resolves with what is told and what is loaded then. */
  async function unload(loaded: readonly string[], modules: readonly string[], path?: string) {
    const proc = join(root, 'proc/modules');
    await writeFile(proc, loaded.map((name) => `${name} 16384 0 - Live 0x0\n`).join(''));
    const reply: Reply = async ({ argv }) => {
      const [shell = '', ...words] = argv.map((word) =>
        word.replaceAll(/(?<=[\s"'])\/(?=(?:proc|sys|etc|run|usr)\/)/g, `${root}/`),
      );
      const PATH = path ?? `${join(root, 'bin')}:${process.env['PATH']}`;
      const { stdout, stderr, exitCode } = await execa(shell, words, { env: { PATH }, reject: false });
      return { stdout, stderr, exitCode: exitCode ?? 1 };
    };
    const host = new FakeHost('m').on(() => true, reply);
    const told = await unloadModules(host, modules, new AbortController().signal);
    const left = (await readFile(proc, 'utf8')).split('\n').map((line) => line.split(' ')[0]);
    return { told, left: left.filter((name) => name !== '') };
  }

  test('those that are loaded go, in order, and nothing else does', async () => {
    expect(
      await unload(['overlay', 'br_netfilter', 'bridge', 'x'], ['br_netfilter', 'bridge', 'stp']),
    ).toEqual({
      told: [],
      left: ['overlay', 'x'],
    });
    expect(await unload(['overlay'], [])).toEqual({ told: [], left: ['overlay'] });
  });

  test('what is in use stays', async () => {
    await program('rmmod', 'echo "rmmod: ERROR: Module $1 is in use" >&2; exit 1');
    expect(await unload(['overlay'], ['overlay'])).toEqual({
      told: ['the kernel module overlay stays loaded: rmmod: ERROR: Module overlay is in use'],
      left: ['overlay'],
    });
  });

  test('what somebody else has loaded at boot stays', async () => {
    await writeFile(join(root, 'etc/modules-load.d/docker.conf'), '# docker\nbr-netfilter\n');
    expect((await unload(['br_netfilter'], ['br_netfilter'])).told).toEqual([
      'the kernel module br_netfilter stays loaded: it is to be loaded at boot',
    ]);
  });

  test.each(['br_netfilter', 'bridge'])('%s stays while there is a bridge', async (module) => {
    await mkdir(join(root, 'sys/class/net/docker0/bridge'), { recursive: true });
    expect(await unload([module, 'overlay'], [module, 'overlay'])).toEqual({
      told: [`the kernel module ${module} stays loaded: there are bridges`],
      left: [module],
    });
  });

  test('what tracks connections stays while somebody listens or has rules, and is told of once', async () => {
    await program(
      'rmmod',
      `if [ $1 = nf_conntrack ]; then echo "Module $1 is in use" >&2; exit 1; fi; sed -i "/^$1 /d" ${root}/proc/modules`,
    );
    await mkdir(join(root, 'proc/net'));
    const sockets = (groups: string) =>
      writeFile(
        join(root, 'proc/net/netlink'),
        `sk               Eth Pid        Groups   Rmem\n0000000069 12  0          00000000 0\n00000000fc 12  4711       ${groups} 0\n`,
      );
    const ours = ['nf_conntrack_netlink', 'nf_nat', 'nf_conntrack'];
    const told = ['the kernel module nf_conntrack stays loaded: Module nf_conntrack is in use'];
    await sockets('00000003');
    expect(await unload(ours, ours)).toEqual({ told, left: ['nf_conntrack_netlink', 'nf_conntrack'] });
    await sockets('00000000');
    expect(await unload(ours, ours)).toEqual({ told, left: ['nf_conntrack'] });
  });

  test('a container unloads nothing', async () => {
    await program('systemd-detect-virt', '[ "$1 $2" = "--quiet --container" ]');
    expect(await unload(['overlay'], ['overlay'])).toEqual({ told: [], left: ['overlay'] });
  });

  test('a machine without rmmod says so, and goes on', async () => {
    const bin = join(root, 'few');
    await mkdir(bin);
    for (const name of ['sh', 'grep', 'sed', 'ls', 'tail', 'tr'])
      await symlink((await execa('which', [name])).stdout, join(bin, name));
    await symlink(join(root, 'bin/systemd-detect-virt'), join(bin, 'systemd-detect-virt'));
    expect((await unload(['overlay'], ['overlay'], bin)).told).toEqual([
      'the kernel module overlay stays loaded: there is no rmmod',
    ]);
    // Nor does it fail where there is no systemd-detect-virt.
    await rm(join(bin, 'systemd-detect-virt'));
    expect((await unload(['overlay'], ['overlay'], bin)).left).toEqual(['overlay']);
  });
});
