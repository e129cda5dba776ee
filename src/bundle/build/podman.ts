import { mkdir, mkdtemp, readdir, readlink, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.ts';

/** No build takes this long: an older storage was left by one that was killed. */
const ABANDONED_MS = 6 * 60 * 60 * 1000;

/**
 * podman with a storage of its own, so that nothing of a build shows among the user's images. Intermediate
 * layers are shared by the images of one build, and go with the storage.
 */
export class BuildStorage {
  readonly #parent: string;
  readonly #signal: AbortSignal | undefined;
  #dir: Promise<string> | undefined;

  /** The storage is made in `parent` when the first image is built. */
  constructor(parent: string, signal?: AbortSignal) {
    this.#parent = parent;
    this.#signal = signal;
  }

  async #podman(...args: string[]): Promise<string> {
    this.#dir ??= this.#open();
    return run(['podman', ...(await place(await this.#dir)), ...args], { signal: this.#signal });
  }

  async #open(): Promise<string> {
    await mkdir(this.#parent, { recursive: true });
    for (const name of await readdir(this.#parent)) {
      const dir = join(this.#parent, name);
      const stats = await stat(dir).catch(() => undefined);
      if (stats && Date.now() - stats.mtimeMs > ABANDONED_MS) await discard(dir);
    }
    const dir = await mkdtemp(join(this.#parent, 'storage-'));
    await symlink(await mkdtemp(join(tmpdir(), 'kboot-')), join(dir, RUN));
    return dir;
  }

  /**
   * Builds a Containerfile and writes the image into a new OCI layout. Nothing is pulled and nothing runs in
   * the image; times are those of 1970, so that equal trees make equal images.
   */
  async build(context: string, layout: string, args: Readonly<Record<string, string>>): Promise<void> {
    const tag = 'localhost/kboot-build';
    const reproducible = [
      '--timestamp',
      '0',
      '--identity-label=false',
      '--isolation',
      'chroot',
      '--format',
      'oci',
    ];
    const values = Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
    await this.#podman('build', '-q', ...reproducible, ...values, '--pull=never', '-t', tag, context);
    await this.#podman('push', '-q', '--compression-format', 'gzip', tag, `oci:${layout}:image`);
  }

  /** Deletes the storage, also when a build was aborted. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#dir !== undefined) await discard(await this.#dir);
  }
}

/**
 * A link in the storage to what podman keeps while it runs: podman refuses more than 50 characters there, which
 * somebody's home folder may take alone.
 */
const RUN = 'run';

async function place(dir: string): Promise<readonly string[]> {
  const running = await readlink(join(dir, RUN));
  return ['--root', join(dir, 'root'), '--runroot', join(running, 'run'), '--tmpdir', join(running, 'tmp')];
}

/** podman first: it knows what of its storage is mounted. */
async function discard(dir: string): Promise<void> {
  const running = await readlink(join(dir, RUN)).catch(() => undefined);
  if (running !== undefined) {
    await run(['podman', ...(await place(dir)), 'rmi', '--all', '--force']).catch(() => undefined);
    await rm(running, { recursive: true, force: true });
  }
  await rm(dir, { recursive: true, force: true });
}
