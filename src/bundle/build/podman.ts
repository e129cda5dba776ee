import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.ts';

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
    this.#dir ??= mkdir(this.#parent, { recursive: true }).then(() =>
      mkdtemp(join(this.#parent, 'storage-')),
    );
    const dir = await this.#dir;
    const own = ['--root', join(dir, 'root'), '--runroot', join(dir, 'run'), '--tmpdir', join(dir, 'tmp')];
    return run(['podman', ...own, ...args], { signal: this.#signal });
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
    if (!this.#dir) return;
    const dir = await this.#dir;
    const own = ['--root', join(dir, 'root'), '--runroot', join(dir, 'run'), '--tmpdir', join(dir, 'tmp')];
    await run(['podman', ...own, 'rmi', '--all', '--force']).catch(() => undefined);
    await rm(dir, { recursive: true, force: true });
  }
}
