import { randomBytes } from 'node:crypto';
import { link, open, realpath, rename, stat, unlink } from 'node:fs/promises';

/**
 * Writes a file at once: a reader sees the old or the new text, also after a power cut. Without `mode` a file
 * that is there keeps its own, a new one gets 0644. A symbolic link stays one and its target is replaced.
 * Throws what the file system throws.
 */
export async function replaceFile(path: string, text: string, mode?: number): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const before = await stat(target).catch(() => undefined);
  const wanted = mode ?? (before === undefined ? 0o644 : before.mode & 0o7777);
  await throughTemporary(target, text, wanted, (temporary) => rename(temporary, target));
}

/** Makes a file with its whole content, or throws EEXIST when there is one of that name already. */
export async function createFile(path: string, text: string, mode = 0o644): Promise<void> {
  // A link is refused where rename would overwrite.
  await throughTemporary(path, text, mode, (temporary) => link(temporary, path));
}

async function throughTemporary(
  path: string,
  text: string,
  mode: number,
  publish: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await publish(temporary);
  } finally {
    await unlink(temporary).catch(() => {
      // rename took it away already.
    });
  }
}

/** Writes a file with this mode at once, whether it was there before or not. */
export async function writeFileAtomically(path: string, text: string, mode: number): Promise<void> {
  await throughTemporary(path, text, mode, (temporary) => rename(temporary, path));
}
