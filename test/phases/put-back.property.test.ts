import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { env } from 'node:process';
import { execa } from 'execa';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CLUSTER_PATHS, SHARED_DIRS, STATE_DIR } from '../../src/cluster/paths.ts';
import type { Ledger } from '../../src/facts/ledger.ts';
import { putBack } from '../../src/phases/put-back.ts';
import { EMPTY_LEDGER } from '../helpers/cluster-state.ts';
import { FakeHost, type Reply } from '../helpers/fake-host.ts';
import { FOREIGN_FILES } from '../helpers/foreign-files.ts';

let bin: string;
beforeAll(async () => {
  bin = await mkdtemp(join(tmpdir(), 'kboot-bin-'));
  const programs = {
    systemctl: 'exit 0',
    'systemd-detect-virt': 'exit 1',
    // As the kernel does: what is in use, by a module or by anything else, stays.
    rmmod: `grep -q "^$1 .* 0 - " "$ROOT/proc/modules" || { echo "Module $1 is in use" >&2; exit 1; }
for used in $(sed -n "s/^$1 .*uses://p" "$ROOT/proc/modules"); do
  sed -i "s/^\\($used .*\\) 1 $1,/\\1 0 -/" "$ROOT/proc/modules"
done
sed -i "/^$1 /d" "$ROOT/proc/modules"`,
  };
  for (const [name, body] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(bin, name), 0o755);
  }
});
afterAll(() => rm(bin, { recursive: true }));

/** What a node's cluster leaves: some of what reset has to take away. */
const OURS = [
  ...['/etc/cni/net.d/10-flannel.conflist', '/etc/kubernetes/kubelet.conf', '/etc/kubernetes/pki/ca.crt'],
  ...['/var/lib/kubelet/config.yaml', '/var/lib/containerd/x/y', '/var/lib/cni/networks/cbr0/10.244.0.2'],
  ...['/var/lib/cni/results/cbr0-5-eth0', '/var/log/pods/p/0.log'],
  ...['/run/flannel/subnet.env', '/run/containerd/containerd.sock', '/run/xtables.lock'],
  ...[`${STATE_DIR}/joined`, `${STATE_DIR}/ledger.json`, `${STATE_DIR}/blobs/sha256/a`],
] as const;

const OWN_DIRECTORIES = [
  '/usr/libexec/kubernetes/kubelet-plugins/volume/exec',
  '/opt/containerd/bin',
  '/run/netns',
];

const put = async (root: string, path: string): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), path);
};

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Files and directories below a root. */
async function contentOf(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .map(
      (entry) =>
        `${entry.isDirectory() ? 'd' : 'f'} ${join(entry.parentPath, entry.name).slice(root.length)}`,
    )
    .sort();
}

/** A machine whose file system is a folder: paths of commands are moved below it. */
function machineIn(root: string): FakeHost {
  const moved = (text: string): string =>
    text.replaceAll(
      /(?<![\w.}*])\/(?=(?:etc|opt|run|var|usr\/libexec|usr\/lib|lib\/modules|proc\/modules|sys\/class)(?:\/|\b))/g,
      `${root}/`,
    );
  const reply: Reply = async ({ argv }) => {
    const [shell = '', ...words] = argv.map(moved);
    const { stdout, stderr, exitCode } = await execa(shell, words, {
      env: { PATH: `${bin}:${env['PATH']}`, ROOT: root },
      reject: false,
    });
    return { stdout, stderr, exitCode: exitCode ?? 1 };
  };
  return new FakeHost('node1').on(({ argv }) => argv[0] === 'sh', reply);
}

/** Modules of the cluster, what uses another before it, each with that which it uses. */
const MODULES = [
  ['br_netfilter', 'bridge'],
  ['bridge', 'stp'],
  ['stp', 'llc'],
  ['llc', ''],
  ['overlay', ''],
] as const;
type Module = (typeof MODULES)[number][0];

/** /proc/modules with these loaded, of which some are in use by something else than a module. */
function procModules(loaded: readonly Module[], inUse: readonly Module[]): string {
  const lines = MODULES.filter(([name]) => loaded.includes(name)).map(([name, uses]) => {
    const user = MODULES.find(([other, used]) => used === name && loaded.includes(other))?.[0];
    const count = (user === undefined ? 0 : 1) + (inUse.includes(name) ? 1 : 0);
    return `${name} 16384 ${count} ${user === undefined ? '-' : `${user},`} Live 0x0 uses:${uses}\n`;
  });
  return `ext4 16384 1 - Live 0x0 uses:\n${lines.join('')}`;
}

const some = fc.subarray([...FOREIGN_FILES]);

it('reset leaves every file of others, from before the cluster and from after it, and nothing of the cluster', async () => {
  await fc.assert(
    fc.asyncProperty(
      some,
      some,
      fc.subarray([...OURS]),
      fc.constantFrom('master', 'node'),
      async (before, after, ours, role) => {
        const root = await mkdtemp(join(tmpdir(), 'kboot-root-'));
        try {
          for (const path of ['/etc', '/opt', '/run', '/usr/libexec', '/var/lib', '/var/log', '/lib', '/srv'])
            await mkdir(join(root, path), { recursive: true });
          for (const path of before) await put(root, path);
          // An etcd of somebody else on a node, and something in a directory that the cluster does not know.
          const theirs = [...(role === 'node' ? ['/var/lib/etcd/member/wal'] : []), '/srv/data'];
          for (const path of theirs) await put(root, path);
          const wanted = await contentOf(root);
          const known = [...CLUSTER_PATHS, ...SHARED_DIRS];
          const isThere = await Promise.all(known.map((path) => exists(join(root, path))));
          const kept = known.filter((_path, index) => isThere[index]);
          for (const path of ours) await put(root, path);
          // A pod has both results.
          if (ours.includes('/var/lib/cni/results/cbr0-5-eth0'))
            await put(root, '/var/lib/cni/results/cni-loopback-5-lo');
          for (const path of OWN_DIRECTORIES) await mkdir(join(root, path), { recursive: true });
          for (const path of after) await put(root, path);
          const ledger: Ledger = {
            version: 1,
            cluster: 'c',
            role,
            createdAt: '',
            sysctls: {},
            kept,
            empty: [],
            links: [],
            modules: [],
          };
          await putBack(machineIn(root), ledger, new AbortController().signal);
          const left = await contentOf(root);
          for (const path of [...before, ...after, ...theirs]) expect(left).toContain(`f ${path}`);
          const own = left.filter(
            (entry) => entry.startsWith('f ') && !/^f \/(srv|var\/lib\/etcd)\//.test(entry),
          );
          expect(
            own.filter((entry) => !([...before, ...after] as string[]).includes(entry.slice(2))),
          ).toEqual([]);
          if (after.length === 0) expect(left).toEqual(wanted);
        } finally {
          await rm(root, { recursive: true, force: true });
        }
      },
    ),
    { numRuns: env['KBOOT_E2E_ALL'] === '1' ? 200 : 25 },
  );
}, 300_000);

it('reset unloads the modules of the cluster that nobody uses, never one that was there before, and tells of the others', async () => {
  const names = MODULES.map(([name]) => name);
  const module = fc.subarray(names);
  await fc.assert(
    fc.asyncProperty(module, module, module, fc.boolean(), async (before, inUse, atBoot, bridge) => {
      const root = await mkdtemp(join(tmpdir(), 'kboot-root-'));
      try {
        for (const path of ['/etc/modules-load.d', '/proc', '/sys/class/net/lo'])
          await mkdir(join(root, path), { recursive: true });
        // Made on a machine with some of them; the cluster has brought all.
        await writeFile(join(root, 'proc/modules'), procModules(names, inUse));
        for (const name of atBoot)
          await writeFile(join(root, `etc/modules-load.d/${name}.conf`), `${name}\n`);
        await writeFile(join(root, 'etc/modules-load.d/kboot.conf'), `${names.join('\n')}\n`);
        if (bridge) await mkdir(join(root, 'sys/class/net/docker0/bridge'), { recursive: true });
        const ours = names.filter((name) => !before.includes(name));
        const ledger: Ledger = { ...EMPTY_LEDGER, modules: ours };
        const notes = await putBack(machineIn(root), ledger, new AbortController().signal);
        const left = (await readFile(join(root, 'proc/modules'), 'utf8')).split('\n');
        const stays = names.filter((name) => left.some((line) => line.startsWith(`${name} `)));
        expect(left[0]).toMatch(/^ext4 /);
        for (const name of [...before, ...inUse, ...atBoot]) expect(stays).toContain(name);
        for (const [name, uses] of MODULES)
          if (stays.includes(name) && uses !== '') expect(stays).toContain(uses);
        if (bridge) expect(stays).toEqual(expect.arrayContaining(['br_netfilter', 'bridge']));
        // Told of all that stays of the cluster's, and of nothing else; without a reason, nothing stays.
        expect(notes.map((note) => /module (\w+) stays/.exec(note)?.[1])).toEqual(
          ours.filter((name) => stays.includes(name)),
        );
        if (before.length + inUse.length + atBoot.length === 0 && !bridge) expect(stays).toEqual([]);
      } finally {
        await rm(root, { recursive: true, force: true });
      }
    }),
    { numRuns: env['KBOOT_E2E_ALL'] === '1' ? 300 : 30 },
  );
}, 300_000);
