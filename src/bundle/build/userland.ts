import { chmod, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { KbootError } from '../../lib/errors.ts';
import type { DebianPackage } from './packages.ts';
import { IMAGES_DIR } from './release.ts';
import { run } from './run.ts';
import type { Steps } from './steps.ts';
import { linkTo, listTree } from './tree.ts';

const Layer = z.strictObject({
  /** Package to the paths that are taken of it; `*` stands for anything but a slash. */
  packages: z.record(z.string(), z.array(z.string())),
  /** Path to the names that link to it. */
  links: z.record(z.string(), z.array(z.string())),
  /** Empty directories: what has to be there to be mounted on. */
  directories: z.array(z.string()),
});

const Userland = z.record(z.string(), Layer);

/** Layer name to what is in it. The first is the base of the others. */
export type UserlandLayers = Readonly<z.output<typeof Userland>>;

/** Directories at the root that are links into /usr, as on every system of today. */
const MERGED = ['bin', 'sbin', 'lib', 'lib64'];

/** The file of committed choices. */
const SPEC = join(IMAGES_DIR, 'userland', 'userland.json');

/** The committed choice of files. */
export async function readUserland(): Promise<UserlandLayers> {
  return Userland.parse(JSON.parse(await readFile(SPEC, 'utf8')));
}

/** Unpacks of the packages what images need, one tree a layer: layer name to folder. */
export async function buildUserland(
  packages: ReadonlyMap<string, DebianPackage>,
  layers: UserlandLayers,
  steps: Steps,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const trees = new Map<string, string>();
  for (const [name, layer] of Object.entries(layers)) {
    const chosen = Object.keys(layer.packages).map((wanted) => {
      const found = packages.get(wanted);
      if (!found) throw new KbootError('BUILD_FAILED', `${SPEC}: the package ${wanted} is not in the lock`);
      return found;
    });
    const inputs = { layer, packages: chosen.map(({ sha256 }) => sha256), isFirst: trees.size === 0 };
    const step = { name, title: `Unpack Debian packages (${name})`, inputs };
    const tree = await steps.run(step, async (dir) => {
      for (const { name: from, file } of chosen) await take(file, layer.packages[from] ?? [], dir, signal);
      for (const [target, names] of Object.entries(layer.links)) {
        for (const link of names) await linkTo(relative(dirname(link), target), join(dir, link));
      }
      for (const directory of layer.directories) await mkdir(join(dir, directory), { recursive: true });
      if (inputs.isFirst) for (const merged of MERGED) await linkTo(`usr/${merged}`, join(dir, merged));
    });
    trees.set(name, tree);
  }
  return trees;
}

/** Moves the wanted paths of a package into the tree. Every pattern has to find something. */
async function take(
  deb: string,
  patterns: readonly string[],
  tree: string,
  signal?: AbortSignal,
): Promise<void> {
  const unpacked = join(tree, '.package');
  await run(['dpkg-deb', '-x', deb, unpacked], { signal });
  const entries = (await listTree(unpacked)).filter(({ kind }) => kind !== 'directory');
  const used = new Set<string>();
  for (const { path, kind, executable } of entries) {
    const merged = mergedPath(path);
    const pattern = patterns.find((candidate) => matches(candidate, merged));
    if (pattern === undefined) continue;
    used.add(pattern);
    const target = join(tree, merged);
    await mkdir(dirname(target), { recursive: true });
    await rename(join(unpacked, path), target);
    // No set-uid bits: root mounts, and nobody else is in these images.
    if (kind === 'file') await chmod(target, executable ? 0o755 : 0o644);
  }
  await rm(unpacked, { recursive: true });
  const unused = patterns.filter((pattern) => !used.has(pattern) && !isOptional(pattern));
  if (unused.length > 0)
    throw new KbootError('BUILD_FAILED', `${deb}: has nothing like ${unused.join(', ')}`);
}

/** The dynamic linker stands elsewhere on each architecture. */
const isOptional = (pattern: string) => pattern.includes('/ld-linux-');

/** Where a path of a package ends up when /bin, /sbin and /lib are links into /usr. */
export function mergedPath(path: string): string {
  return MERGED.includes(path.split('/')[0] ?? '') ? `usr/${path}` : path;
}

/** `*` matches anything but a slash. */
export function matches(pattern: string, path: string): boolean {
  const text = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${text.join('[^/]*')}$`).test(path);
}
