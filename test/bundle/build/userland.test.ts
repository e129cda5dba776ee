import { chmod, mkdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fetchPackages, type PackageLock } from '../../../src/bundle/build/packages.ts';
import type { ProgressEvent } from '../../../src/bundle/build/progress.ts';
import { run } from '../../../src/bundle/build/run.ts';
import { Steps } from '../../../src/bundle/build/steps.ts';
import { listTree } from '../../../src/bundle/build/tree.ts';
import {
  buildUserland,
  matches,
  mergedPath,
  type UserlandLayers,
} from '../../../src/bundle/build/userland.ts';
import { measureFile } from '../../../src/bundle/digest.ts';
import { temporaryFolder } from '../../helpers/bundle.ts';

/** A real .deb with a set-uid program in /bin, a library with its link in /lib, and documentation. */
async function makePackage(dir: string, version = '1.0-1'): Promise<string> {
  const root = join(dir, `root-${version}`);
  for (const folder of ['DEBIAN', 'bin', 'lib/x86_64-linux-gnu', 'usr/share/doc/tool']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  await writeFile(
    join(root, 'DEBIAN/control'),
    `Package: tool\nVersion: ${version}\nArchitecture: all\nMaintainer: Nobody <nobody@example.com>\nDescription: test\n`,
  );
  await writeFile(join(root, 'bin/tool'), `tool ${version}`);
  await chmod(join(root, 'bin/tool'), 0o4755);
  await writeFile(join(root, 'lib/x86_64-linux-gnu/libtool.so.1.2'), 'library');
  await symlink('libtool.so.1.2', join(root, 'lib/x86_64-linux-gnu/libtool.so.1'));
  await writeFile(join(root, 'usr/share/doc/tool/copyright'), 'free');
  const deb = join(dir, `tool_${version}_all.deb`);
  // The same bytes whenever it is built: times in the package are clamped.
  await run(['dpkg-deb', '--root-owner-group', '-b', root, deb], { env: { SOURCE_DATE_EPOCH: '0' } });
  return deb;
}

async function sha256Of(file: string): Promise<string> {
  return (await measureFile(file)).digest.slice('sha256:'.length);
}

const LAYERS: UserlandLayers = {
  'userland-network': {
    packages: { tool: ['usr/bin/tool', 'usr/lib/*/libtool.so.*'] },
    links: { 'usr/bin/tool': ['usr/sbin/alias', 'usr/bin/other'] },
    directories: ['proc'],
  },
};

it('takes what is wanted of a package, with /bin and /lib merged into /usr and no set-uid bit', async () => {
  const dir = await temporaryFolder();
  const file = await makePackage(dir);
  const packages = new Map([
    ['tool', { name: 'tool', version: '1.0-1', sha256: await sha256Of(file), file }],
  ]);
  const trees = await buildUserland(packages, LAYERS, new Steps(dir, () => {}));
  const tree = trees.get('userland-network') ?? '';
  const paths = (await listTree(tree)).filter(({ kind }) => kind !== 'directory').map(({ path }) => path);
  expect(paths).toEqual([
    'bin',
    'lib',
    'lib64',
    'sbin',
    'usr/bin/other',
    'usr/bin/tool',
    'usr/lib/x86_64-linux-gnu/libtool.so.1',
    'usr/lib/x86_64-linux-gnu/libtool.so.1.2',
    'usr/sbin/alias',
  ]);
  expect((await stat(join(tree, 'usr/bin/tool'))).mode & 0o7777).toBe(0o755);
  expect(await readlink(join(tree, 'usr/sbin/alias'))).toBe('../bin/tool');
  expect(await readFile(join(tree, 'bin/other'), 'utf8')).toBe('tool 1.0-1');
});

it('refuses a pattern that finds nothing: the package has changed', async () => {
  const dir = await temporaryFolder();
  const file = await makePackage(dir);
  const packages = new Map([
    ['tool', { name: 'tool', version: '1.0-1', sha256: await sha256Of(file), file }],
  ]);
  const layers = {
    one: { packages: { tool: ['usr/bin/tool', 'usr/bin/gone'] }, links: {}, directories: [] },
  };
  await expect(buildUserland(packages, layers, new Steps(dir, () => {}))).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    message: expect.stringContaining('has nothing like usr/bin/gone'),
  });
});

it.each([
  ['usr/lib/*/libmnl.so.*', 'usr/lib/x86_64-linux-gnu/libmnl.so.0', true],
  ['usr/lib/*/libmnl.so.*', 'usr/lib/x86_64-linux-gnu/deep/libmnl.so.0', false],
  ['usr/bin/[', 'usr/bin/[', true],
  ['usr/sbin/nft', 'usr/sbin/nftables', false],
])('matches %s with %s: %s', (pattern, path, expected) => {
  expect(matches(pattern, path)).toBe(expected);
});

it('merges paths at the root only', () => {
  expect([mergedPath('lib64/ld.so'), mergedPath('usr/bin/x'), mergedPath('etc/bin/x')]).toEqual([
    'usr/lib64/ld.so',
    'usr/bin/x',
    'etc/bin/x',
  ]);
});

/** A mirror that has some versions of the package, in the place of apt-get. */
async function fetching(lock: PackageLock, available: readonly string[], locked: boolean) {
  const dir = await temporaryFolder();
  const debs = await Promise.all(available.map((version) => makePackage(dir, version)));
  const asked: string[][] = [];
  const events: ProgressEvent[] = [];
  const download = async (wanted: readonly string[], into: string) => {
    asked.push([...wanted]);
    for (const name of wanted) {
      const version = name.split('=')[1] ?? available.at(-1);
      const deb = debs.find((path) => path.includes(`_${version}_`));
      if (deb === undefined) throw new Error(`Version '${version}' for 'tool' was not found`);
      await run(['cp', deb, into]);
    }
  };
  const options = {
    cacheDir: dir,
    locked,
    download,
    onProgress: (event: ProgressEvent) => events.push(event),
  };
  return { asked, events, debs, get: () => fetchPackages(lock, options) };
}

const lockOf = (version: string, sha256: string) => ({ tool: { version, sha256, size: 1 } });

it('gets the locked version once', async () => {
  const dir = await temporaryFolder();
  const sha256 = await sha256Of(await makePackage(dir));
  const { get, asked, events } = await fetching(lockOf('1.0-1', sha256), ['1.0-1', '1.0-2'], true);
  expect((await get()).get('tool')).toMatchObject({ version: '1.0-1', sha256 });
  await get();
  expect(asked).toEqual([['tool=1.0-1']]);
  expect(events).toEqual([]);
});

it('takes the current version when the locked one is gone, and warns', async () => {
  const { get, events, debs } = await fetching(lockOf('0.9-1', '0'.repeat(64)), ['1.0-1'], false);
  expect((await get()).get('tool')).toMatchObject({
    version: '1.0-1',
    sha256: await sha256Of(debs[0] ?? ''),
  });
  expect(events.map(({ state, title }) => [state, title])).toEqual([
    [
      'warning',
      expect.stringMatching(/^tool: the locked version 0\.9-1 is gone, taking 1\.0-1: .*renew-lock/),
    ],
  ]);
});

it('warns of a locked version with another content', async () => {
  const { get, events } = await fetching(lockOf('1.0-1', '0'.repeat(64)), ['1.0-1'], false);
  await get();
  expect(events.map(({ state }) => state)).toEqual(['warning']);
});

it.each([
  ['is gone', '0.9-1'],
  ['has another content', '1.0-1'],
])(
  'fails with --locked when the locked version %s, and says how to renew the lock',
  async (_what, version) => {
    const { get, events } = await fetching(lockOf(version, '0'.repeat(64)), ['1.0-1'], true);
    await expect(get()).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringContaining('the locked Debian packages cannot be had'),
      hint: 'renew the lock: apt-get update && node images/userland/renew-lock.mjs',
    });
    expect(events).toEqual([]);
  },
);

it('says what helps when apt knows no version at all', async () => {
  const { get } = await fetching(lockOf('1.0-1', '0'.repeat(64)), [], false);
  await expect(get()).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    message: expect.stringContaining('the Debian package tool cannot be had'),
    hint: 'sudo apt-get update, then the same command again',
  });
});
