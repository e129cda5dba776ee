import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { KbootError } from '../../lib/errors.ts';
import { megabytes } from '../../lib/units.ts';

/** How much the cache of images may take. */
export interface Room {
  /** Bytes of all that is kept, and of one image. */
  readonly limit: number;
  /** Bytes that may still be written to the disk of a folder. */
  free(folder: string): Promise<number>;
}

/** Left to others on the cache's disk, in bytes: it is mostly that of the operator's home. */
const RESERVE = 1_000_000_000;

/**
 * Ten gigabytes: some dozens of system images, none of which comes near it. An archive of a few kilobytes that unpacks
 * to more is made to fill a disk.
 */
export const DEFAULT_ROOM: Room = {
  limit: 10_000_000_000,
  async free(folder) {
    const { bavail, bsize } = await statfs(folder);
    return Math.max(0, bavail * bsize - RESERVE);
  },
};

/** Folder of the cache with what was found out about layers. */
export const LAYER_SCANS = 'layer-scans';

const HOUR_MS = 60 * 60 * 1000;
/** What was not used for this long is deleted. */
const KEPT_MS = 30 * 24 * HOUR_MS;
/** A folder in which nothing was made for this long belongs to a run that was killed. */
const WORK_KEPT_MS = 24 * HOUR_MS;

interface Kept {
  readonly path: string;
  readonly size: number;
  readonly usedAt: number;
}

/**
 * Deletes what nobody used for a month and what killed runs left; then, what was not used for longest, until all that is
 * kept is within the limit and `bytes` more fit on the disk. Whatever this run has used, or another one within the hour,
 * stays. Throws MISSING_REQUIREMENT when there is not enough room, saying that it is for `name`.
 */
export async function makeRoom(
  cacheDir: string,
  room: Room,
  { bytes, name }: { readonly bytes: number; readonly name: string },
): Promise<void> {
  const images = join(cacheDir, 'images');
  const now = Date.now();
  for (const { path, usedAt } of await filesIn(images)) {
    if (/\/\.work-[^/]*$/.test(path) && now - usedAt > WORK_KEPT_MS) await remove(path);
  }
  const folders = [join(images, 'blobs', 'sha256'), join(images, 'archives'), join(cacheDir, LAYER_SCANS)];
  const kept = (await Promise.all(folders.map(filesIn))).flat().sort((a, b) => a.usedAt - b.usedAt);
  const total = kept.reduce((sum, { size }) => sum + size, 0);
  const free = bytes === 0 ? 0 : await room.free(images);
  const inUse = Math.min(now - HOUR_MS, performance.timeOrigin);
  let freed = 0;
  for (const { path, size, usedAt } of kept) {
    const enough = total - freed + bytes <= room.limit && free + freed >= bytes;
    if (usedAt > inUse || (enough && now - usedAt <= KEPT_MS)) break;
    await remove(path);
    freed += size;
  }
  if (free + freed >= bytes) return;
  throw new KbootError(
    'MISSING_REQUIREMENT',
    `${name}: ${images} has ${megabytes(free + freed)} to spare, ${megabytes(bytes)} are needed`,
    { hint: 'free some space there, or name another folder: XDG_CACHE_HOME' },
  );
}

/** An image that is larger than all that kboot keeps. */
export const tooLarge = (name: string, { limit }: Room): KbootError =>
  new KbootError(
    'IMAGE_INVALID',
    `${name}: unpacks to more than the ${megabytes(limit)} that kboot keeps of images`,
    { hint: 'make a smaller image; if it is not yours, it may be made to fill the disk: do not use it' },
  );

const remove = (path: string) => rm(path, { recursive: true, force: true });

async function filesIn(folder: string): Promise<readonly Kept[]> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.map(async (name): Promise<readonly Kept[]> => {
      const path = join(folder, name);
      const status = await stat(path).catch(() => undefined);
      return status ? [{ path, size: status.size, usedAt: status.mtimeMs }] : [];
    }),
  );
  return found.flat();
}
