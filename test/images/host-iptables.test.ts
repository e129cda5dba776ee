import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { IMAGES_DIR } from '../../src/bundle/build/release.ts';
import { temporaryFolder } from '../helpers/bundle.ts';

/** A rootfs whose dynamic linker prints its arguments, and the real script that points to it. */
async function install(triplet: string, linker: string): Promise<string> {
  const dir = await temporaryFolder();
  const libraries = join(dir, 'rootfs/usr/lib', triplet);
  await mkdir(libraries, { recursive: true });
  await writeFile(join(libraries, linker), '#!/bin/sh\nprintf "%s\\n" "$XTABLES_LIBDIR" "$@"\n');
  await chmod(join(libraries, linker), 0o755);
  const script = await readFile(
    join(IMAGES_DIR, 'node-runtime/exports/hostfs/opt/cni/libexec/iptables'),
    'utf8',
  );
  await writeFile(join(dir, 'iptables'), script.replace(/^root=.*$/m, `root=${dir}/rootfs`));
  await chmod(join(dir, 'iptables'), 0o755);
  await symlink('iptables', join(dir, 'ip6tables'));
  return dir;
}

it.each([
  ['iptables', 'x86_64-linux-gnu', 'ld-linux-x86-64.so.2'],
  ['ip6tables', 'aarch64-linux-gnu', 'ld-linux-aarch64.so.1'],
])('runs the images’ %s on the host, with the images’ libraries (%s)', async (name, triplet, linker) => {
  const dir = await install(triplet, linker);
  const { stdout } = await execa(join(dir, name), ['-t', 'nat', '-S', 'a b']);
  const libraries = `${dir}/rootfs/usr/lib/${triplet}`;
  expect(stdout.split('\n')).toEqual([
    `${libraries}/xtables`,
    '--library-path',
    libraries,
    `${dir}/rootfs/usr/sbin/xtables-nft-multi`,
    name,
    '-t',
    'nat',
    '-S',
    'a b',
  ]);
});
