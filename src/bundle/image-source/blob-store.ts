import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../../lib/exists.ts';
import { writeFileAtomically } from '../../lib/write-file.ts';
import { digestOf } from '../digest.ts';
import { blobPath, INDEX_FILE, readManifest } from '../oci-layout.ts';
import { makeRoom, type Room, tooLarge } from './cache-room.ts';
import { damageOf } from './source-image.ts';

/**
 * Blobs of images that came from elsewhere, each once: a folder `blobs` as an OCI layout has it, and beside it a
 * layout for each archive that was read, whose `blobs` is a link. It remembers what one image added.
 */
export class BlobStore {
  /** As a layout without an index. */
  readonly dir: string;
  /** What all that is kept may take. */
  readonly room: Room;
  readonly #cacheDir: string;
  readonly #added = new Set<string>();

  constructor(cacheDir: string, room: Room) {
    this.#cacheDir = cacheDir;
    this.room = room;
    this.dir = join(cacheDir, 'images');
  }

  /** The layout of an archive with this digest. It has an index once the archive was read. */
  layoutOf(archive: string): string {
    return join(this.dir, 'archives', archive.replace(':', '-'));
  }

  /** Makes the layout of an archive whose blobs are all here. */
  async putLayout(archive: string, index: string): Promise<void> {
    const layout = this.layoutOf(archive);
    await this.#note(layout);
    await mkdir(layout, { recursive: true });
    await symlink('../../blobs', join(layout, 'blobs')).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await writeFileAtomically(join(layout, INDEX_FILE), index, 0o644);
  }

  /** Calls `make` with a folder that is removed afterwards. */
  async inWorkFolder<T>(make: (folder: string) => Promise<T>): Promise<T> {
    const folder = join(this.dir, `.work-${randomUUID()}`);
    await mkdir(join(this.dir, 'blobs', 'sha256'), { recursive: true });
    await mkdir(folder);
    try {
      return await make(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Keeps a text and returns its digest. */
  async putText(text: string): Promise<string> {
    const digest = digestOf(text);
    await mkdir(join(this.dir, 'blobs', 'sha256'), { recursive: true });
    await this.remember([digest]);
    await writeFileAtomically(blobPath(this.dir, digest), text, 0o644);
    return digest;
  }

  /** Keeps those blobs of a layout on the same disk that are named here; what it lacks is left out. */
  async take(layout: string, digests: readonly string[]): Promise<void> {
    await this.remember(digests);
    for (const digest of digests) {
      await rename(blobPath(layout, digest), blobPath(this.dir, digest)).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error;
        },
      );
    }
  }

  /** To be called before blobs are added: those that are not here yet are what discard() deletes. */
  async remember(digests: readonly string[]): Promise<void> {
    for (const digest of digests) await this.#note(blobPath(this.dir, digest));
  }

  async #note(path: string): Promise<void> {
    if (!(await exists(path))) this.#added.add(path);
  }

  /** Deletes what this image added, and nothing that was there before. */
  async discard(): Promise<void> {
    for (const path of this.#added) await rm(path, { recursive: true, force: true });
  }

  /** Whether a manifest and all that it names are here whole. What is damaged is deleted, to be fetched again. */
  async holds(manifest: string, signal?: AbortSignal): Promise<boolean> {
    if (!(await this.#isWhole({ digest: manifest }, signal))) return false;
    const { config, layers } = await readManifest(this.dir, manifest);
    const whole = [];
    for (const blob of [config, ...layers]) whole.push(await this.#isWhole(blob, signal));
    return !whole.includes(false);
  }

  async #isWhole(blob: { readonly digest: string; readonly size?: number }, signal?: AbortSignal) {
    const path = blobPath(this.dir, blob.digest);
    const whole = (await damageOf(this.dir, blob, signal)).length === 0;
    const now = new Date();
    await (whole ? utimes(path, now, now) : rm(path, { force: true }));
    return whole;
  }

  /**
   * Makes room for so many bytes of an image, or brings what is kept back within its limit. Throws IMAGE_INVALID when it
   * is more than one image may take, MISSING_REQUIREMENT when the disk has no room for it.
   */
  async makeRoom(bytes: number, name: string): Promise<void> {
    if (bytes > this.room.limit) throw tooLarge(name, this.room);
    if (bytes > 0) await mkdir(join(this.dir, 'blobs', 'sha256'), { recursive: true });
    await makeRoom(this.#cacheDir, this.room, { bytes, name });
  }
}
