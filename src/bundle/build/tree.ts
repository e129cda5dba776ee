import { createHash } from 'node:crypto';
import { chmod, copyFile, link, lstat, mkdir, readdir, readFile, readlink, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** An entry of a folder: its path from there, `a/b`, and what it is. Sorted by path. */
interface Entry {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link';
  readonly executable: boolean;
}

/** All entries below a folder, folders before what is in them. Sockets and devices have no place here. */
export async function listTree(root: string, below = ''): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const name of (await readdir(join(root, below))).sort()) {
    const path = join(below, name);
    const stats = await lstat(join(root, path));
    const kind = stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'directory' : 'file';
    entries.push({ path, kind, executable: kind === 'file' && (stats.mode & 0o100) !== 0 });
    if (kind === 'directory') entries.push(...(await listTree(root, path)));
  }
  return entries;
}

/** A hash of names, contents and execute bits: what a committed folder adds to the inputs of a step. */
export async function hashTree(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const { path, kind, executable } of await listTree(root)) {
    const content =
      kind === 'file'
        ? await readFile(join(root, path))
        : kind === 'link'
          ? await readlink(join(root, path))
          : '';
    const digest = createHash('sha256').update(content).digest('hex');
    hash.update(`${JSON.stringify([path, kind, executable, digest])}\n`);
  }
  return hash.digest('hex');
}

/**
 * Copies a folder's entries into another, with the modes 0755 and 0644 whatever the umask of those who made
 * them. Existing entries stay. With `hardLink` big files are linked, and their modes stay as they are.
 */
export async function copyTree(from: string, to: string, { hardLink = false } = {}): Promise<void> {
  for (const { path, kind, executable } of await listTree(from)) {
    const target = join(to, path);
    if (kind === 'directory') {
      await mkdir(target, { recursive: true });
      await chmod(target, 0o755);
    } else if (kind === 'link') {
      await symlink(await readlink(join(from, path)), target);
    } else if (hardLink) {
      await link(join(from, path), target);
    } else {
      await copyFile(join(from, path), target);
      await chmod(target, executable ? 0o755 : 0o644);
    }
  }
}

/** Makes a symlink and the folders it stands in. */
export async function linkTo(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path);
}
