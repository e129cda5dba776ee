import { chmod, copyFile, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../run.ts';
import { keyOf, type Steps } from '../steps.ts';
import { pinnedFile } from './download.ts';
import type { UpstreamLock } from './lock.ts';
import type { Mirrors } from './mirrors.ts';
import type { UpstreamFile } from './sources.ts';

/** Empty directories of a tree: what has to be there to be mounted on. */
const DIRECTORIES: Readonly<Record<string, readonly string[]>> = {
  etcd: ['dev', 'proc', 'etc/kubernetes/pki/etcd', 'var/lib/etcd'],
  'host-programs': ['etc/cni/net.d'],
};

/** Downloads and unpacks what the system images are made of: tree name to folder. */
export async function treesFromUpstream(
  files: readonly UpstreamFile[],
  lock: UpstreamLock,
  mirrors: Mirrors,
  steps: Steps,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const trees = new Map<string, string>();
  for (const tree of new Set(files.map((file) => file.tree))) {
    const parts = await Promise.all(
      files
        .filter((file) => file.tree === tree)
        .map(async (file) => ({
          files: file.files,
          path: await pinnedFile(file.url, lock.files[file.url] ?? '', mirrors, steps, signal),
        })),
    );
    const directories = DIRECTORIES[tree] ?? [];
    const inputs = { directories, parts: parts.map((part) => [part.files, keyOf(dirname(part.path))]) };
    const step = { name: `tree-${tree}`, title: `Unpack ${tree}`, inputs };
    const folder = await steps.run(step, async (dir) => {
      for (const part of parts) await unpack(part.path, part.files, dir, signal);
      for (const directory of directories) await mkdir(join(dir, directory), { recursive: true });
    });
    trees.set(tree, folder);
  }
  return trees;
}

/** Takes members of an archive, or the file itself, to their places in the tree, as programs. */
async function unpack(
  file: string,
  files: UpstreamFile['files'],
  tree: string,
  signal?: AbortSignal,
): Promise<void> {
  const unpacked = join(tree, '.archive');
  await mkdir(unpacked);
  const wanted = Object.values(files).filter((member) => member !== '');
  if (wanted.length > 0) {
    await run(['tar', '-xf', file, '-C', unpacked, '--no-same-owner', '--', ...wanted], { signal });
  }
  for (const [path, member] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await copyFile(member === '' ? file : join(unpacked, member), join(tree, path));
    await chmod(join(tree, path), 0o755);
  }
  await rm(unpacked, { recursive: true });
}
