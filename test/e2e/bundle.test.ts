import { mkdir, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { execa } from 'execa';
import { beforeAll, expect, it } from 'vitest';
import { buildBundle, DEFAULT_KUBERNETES } from '../../src/bundle/build/build.ts';
import { listTree } from '../../src/bundle/build/tree.ts';
import type { Bundle } from '../../src/bundle/open.ts';
import { totalsOf } from '../../src/bundle/totals.ts';
import { verifyBundle } from '../../src/bundle/verify.ts';
import { temporaryFolder } from '../helpers/bundle.ts';
import { describeE2e } from '../helpers/require-e2e.ts';

/** The real bundle: compiled from Go modules, from scratch where nothing is cached. */
const MINUTES = 60_000;
const MEGABYTE = 1_000_000;

const CACHE = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'kboot');

const build = (cacheDir: string) =>
  buildBundle({ kubernetes: DEFAULT_KUBERNETES, source: 'modules', cacheDir, onProgress: () => {} });

let bundle: Bundle;

/** The layers of an image, applied to a folder of their own. */

async function unpack(name: string): Promise<string> {
  const root = await temporaryFolder();
  const image = bundle.lock.images.find((candidate) => candidate.name.startsWith(name));
  for (const { digest } of image?.layers ?? [])
    await execa('tar', ['-xzf', bundle.blobPath(digest), '-C', root]);
  return root;
}

const inside = async (root: string, ...argv: string[]) =>
  (
    await execa('chroot', [root, ...argv], {
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin' },
    })
  ).stdout;

/** Runs the dynamic linker on every program and library of the tree. */
async function missingLibraries(root: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const { path, kind } of await listTree(join(root, 'usr'))) {
    if (kind !== 'file' || !/^(s?bin|lib)\//.test(path)) continue;
    const file = join('/usr', path);
    const magic = (await readFile(join(root, file))).subarray(0, 4).toString('latin1');
    if (magic !== '\x7fELF') continue;
    const linker = '/usr/lib64/ld-linux-x86-64.so.2';
    const { stdout } = await execa('chroot', [root, linker, '--list', file], { reject: false });
    if (stdout.includes('not found')) missing.push(`${file}: ${stdout}`);
  }
  return missing;
}

describeE2e('the real bundle', () => {
  beforeAll(async () => {
    bundle = await build(CACHE);
  }, 60 * MINUTES);

  it('is whole, and small enough', async () => {
    await verifyBundle(bundle);
    const [master, node] = totalsOf(bundle.lock);
    expect(master?.sent).toBeLessThan(200 * MEGABYTE);
    expect(node?.sent).toBeLessThan(140 * MEGABYTE);
  });

  it('gives a node nothing of the control plane', () => {
    const layersOf = (role: 'master' | 'node', prefix: string) =>
      bundle.lock.images
        .filter(({ name, roles }) => roles.includes(role) && name.includes(prefix))
        .flatMap(({ layers }) => layers.map(({ digest }) => digest));
    const controlPlane = new Set(layersOf('master', 'kube-apiserver'));
    // The programs, and how one of them is run as a system container.
    expect(controlPlane.size).toBe(2);
    expect(layersOf('node', '').filter((digest) => controlPlane.has(digest))).toEqual([]);
    // The kubelet's layers are kube-proxy's too: they are sent once. How it is run as a system container is its own.
    const kubelet = new Set(layersOf('node', 'kboot/kubelet'));
    expect(layersOf('node', 'kube-proxy').map((digest) => kubelet.has(digest))).toEqual([true, true, false]);
  });

  it('has in the kubelet’s image every program and every library that those need', async () => {
    const root = await unpack('kboot/kubelet:');
    const version = DEFAULT_KUBERNETES;
    expect(await inside(root, 'kubelet', '--version')).toBe(`Kubernetes ${version}`);
    expect(await inside(root, 'kubeadm', 'version', '-o', 'short')).toBe(version);
    expect(await inside(root, 'kubectl', 'version', '--client')).toContain(`Client Version: ${version}`);
    expect(await inside(root, 'iptables', '--version')).toMatch(/\(nf_tables\)$/);
    expect(await inside(root, 'iptables-legacy', '--version')).toMatch(/\(legacy\)$/);
    expect(await inside(root, 'mount', '--version')).toContain('util-linux');
    for (const program of ['nft', 'conntrack', 'ipset', 'losetup', 'blkid', 'findmnt', 'nsenter', 'fsck']) {
      await inside(root, program, '--version');
    }
    expect(await missingLibraries(root)).toEqual([]);
  });

  it('does not need a file of its own in /etc, which is the machine’s in the kubelet’s container', async () => {
    const root = await unpack('kboot/kubelet:');
    await rm(join(root, 'etc'), { recursive: true });
    await mkdir(join(root, 'etc'));
    expect(await inside(root, 'iptables', '--version')).toMatch(/nf_tables/);
    expect(await inside(root, 'mke2fs', '-V')).toBe('');
  });

  it('has etcd, etcdctl and etcdutl in one binary, and the release’s versions everywhere', async () => {
    const { versions } = bundle.lock;
    const etcd = await unpack('kboot/etcd:');
    expect(await inside(etcd, 'etcd', '--version')).toContain(`etcd Version: ${versions['etcd']?.slice(1)}`);
    expect(await inside(etcd, 'etcdctl', 'version')).toContain(
      `etcdctl version: ${versions['etcd']?.slice(1)}`,
    );
    expect(await inside(etcd, 'etcdutl', 'version')).toContain(
      `etcdutl version: ${versions['etcd']?.slice(1)}`,
    );
    const runtime = join(await unpack('kboot/node-runtime:'), 'exports', 'hostfs', 'usr', 'local', 'bin');
    const said = async (program: string) => (await execa(join(runtime, program), ['--version'])).stdout;
    expect(await said('containerd')).toContain(` ${versions['containerd']}`);
    expect(await said('ctr')).toMatch(new RegExp(`^ctr .* ${versions['containerd']}`));
    expect(await said('runc')).toContain(`runc version ${versions['runc']?.slice(1)}`);
    expect(await said('runc')).toContain('libseccomp');
  });

  it('has what flannel’s containers and hooks call', async () => {
    const root = await unpack('ghcr.io/flannel-io/flannel:');
    await inside(
      root,
      'sh',
      '-c',
      'test -x /opt/bin/install-conf && sleep 0.01 && cp /opt/bin/install-conf /tmp/x && mv /tmp/x /tmp/y',
    );
    const plugin = await unpack('ghcr.io/flannel-io/flannel-cni-plugin:');
    await inside(plugin, 'cp', '-f', '/flannel', '/tmp/flannel');
  });

  it(
    'is the same when it is built again from nothing',
    async () => {
      const again = await build(await temporaryFolder());
      expect(again.digest).toBe(bundle.digest);
    },
    30 * MINUTES,
  );
});
