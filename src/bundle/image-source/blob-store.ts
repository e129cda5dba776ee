import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { writeFileAtomically } from '../../lib/write-file.ts';
import { digestOf, measureFile } from '../digest.ts';
import { blobPath, INDEX_FILE, readManifest } from '../oci-layout.ts';
import { damageOf } from './source-image.ts';

/** What was not used for this long is deleted. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * Blobs of images that came from elsewhere, each once: a folder `blobs` as an OCI layout has it, and beside it a
 * layout for each archive that was read, whose `blobs` is a link.
 */
export class BlobStore {
  /** As a layout without an index. */
  readonly dir: string;

  constructor(cacheDir: string) {
    this.dir = join(cacheDir, 'images');
  }

  /** The layout of an archive with this digest. It has an index once the archive was read. */
  layoutOf(archive: string): string {
    return join(this.dir, 'archives', archive.replace(':', '-'));
  }

  /** Makes the layout of an archive whose blobs are all here. */
  async putLayout(archive: string, index: string): Promise<void> {
    const layout = this.layoutOf(archive);
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
    await writeFileAtomically(blobPath(this.dir, digest), text, 0o644);
    return digest;
  }

  /** Keeps a stream if it has the digest. Returns whether it has. */
  async putStream(digest: string, content: AsyncIterable<Buffer>, work: string): Promise<boolean> {
    const temporary = join(work, randomUUID());
    await pipeline(Readable.from(content), createWriteStream(temporary));
    if ((await measureFile(temporary)).digest !== digest) return false;
    await rename(temporary, blobPath(this.dir, digest));
    return true;
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

  /** Deletes what nobody used for a month, and what killed runs left. */
  async sweep(): Promise<void> {
    for (const folder of [this.dir, join(this.dir, 'blobs', 'sha256'), join(this.dir, 'archives')]) {
      for (const entry of await readdir(folder).catch(() => [])) {
        if (['blobs', 'archives'].includes(entry)) continue;
        const path = join(folder, entry);
        const found = await stat(path).catch(() => undefined);
        if (found && Date.now() - found.mtimeMs > KEPT_MS) await rm(path, { recursive: true, force: true });
      }
    }
  }
}
