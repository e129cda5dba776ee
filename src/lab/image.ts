import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianMirror, SUITE } from './debian-mirror.ts';
import { holdLock } from './file-lock.ts';
import { podmanChange } from './podman.ts';
import { run, succeeds } from './run.ts';

/** The repository of every version of the machine image. */
export const IMAGE_REPOSITORY = 'localhost/kboot-machine';

/** On disk: /tmp is often small, in memory, and without the devices and programs that debootstrap makes and runs. */
const SCRATCH = tmpdir() === '/tmp' ? '/var/tmp' : tmpdir();

const RECIPE = fileURLToPath(new URL('../../images/machine/', import.meta.url));

/** What makes a machine an image-based one, as a layer on top. */
const IMAGE_BASED = fileURLToPath(new URL('../../images/image-based-machine/', import.meta.url));

/** One layer for each image, and the same one whenever it is built. */
const BUILD_SETTINGS = ['--isolation', 'chroot', '--squash', '--timestamp', '0'];

interface ImageOptions {
  /** Debian packages kept on top of the recipe's list. */
  readonly extraPackages: readonly string[];
  /** A machine whose /usr is read-only. */
  readonly imageBased: boolean;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** The packages of a list with comments, without those. */
export function parsePackages(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

/** The tag of the image made from these files (path to content) and these further inputs. */
export function imageTag(files: ReadonlyMap<string, Uint8Array>, inputs: readonly string[]): string {
  const hash = createHash('sha256');
  for (const [path, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${path}\0${content.length}\0`).update(content);
  hash.update(JSON.stringify(inputs));
  return hash.digest('hex').slice(0, 16);
}

/**
 * The name of the lab machine's image, which is built (a minute or two) when podman does not have it yet. Two runs
 * at the same time build it once.
 */
export async function ensureImage(options: ImageOptions): Promise<string> {
  const { extraPackages, imageBased, onProgress, signal } = options;
  const base = await ensureBuilt(RECIPE, [SUITE, arch(), ...extraPackages], signal, (image) =>
    buildImage(image, options),
  );
  if (!imageBased) return base;
  return ensureBuilt(IMAGE_BASED, [base], signal, async (image) => {
    onProgress('machine image: adding the layer with a read-only /usr');
    const settings = [...BUILD_SETTINGS, '--build-arg', `BASE=${base}`];
    await podmanChange(['build', ...settings, '--tag', image, IMAGE_BASED], signal);
  });
}

/** The name of the image made from the files of `folder` and these inputs, which is built where it is not there. */
async function ensureBuilt(
  folder: string,
  inputs: readonly string[],
  signal: AbortSignal | undefined,
  build: (image: string) => Promise<void>,
): Promise<string> {
  const image = `${IMAGE_REPOSITORY}:${imageTag(await readFiles(folder), inputs)}`;
  const isThere = () => succeeds(['podman', 'image', 'exists', image], signal);
  if (await isThere()) return image;
  await using _lock = await holdLock(folder, signal);
  if (!(await isThere())) await build(image);
  return image;
}

async function buildImage(image: string, { extraPackages, onProgress, signal }: ImageOptions): Promise<void> {
  const packages = [...parsePackages(await readFile(join(RECIPE, 'packages'), 'utf8')), ...extraPackages];
  const context = await mkdtemp(join(SCRATCH, 'kboot-machine-'));
  try {
    await cp(RECIPE, context, { recursive: true });
    await writeFile(join(context, 'packages'), `${packages.join('\n')}\n`);
    onProgress('machine image: unpacking Debian (about a minute, once)');
    await debootstrap(join(context, 'rootfs'), packages, signal);
    onProgress('machine image: building');
    const archive = ['--numeric-owner', '--exclude=./dev/*', '--exclude=./var/lib/apt/lists/*'] as const;
    const rootfs = join(context, 'rootfs');
    await run(['tar', '-C', rootfs, ...archive, '-cf', join(context, 'rootfs.tar'), '.'], { signal });
    await rm(rootfs, { recursive: true });
    await podmanChange(['build', ...BUILD_SETTINGS, '--tag', image, context], signal);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** Namespaces of its own: what debootstrap mounts and starts ends with it, however it ends. */
async function debootstrap(
  rootfs: string,
  packages: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { mirror, proxy } = await debianMirror(signal);
  await run(
    [
      ...(['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'] as const),
      ...['debootstrap', '--variant=minbase', `--include=${packages.join(',')}`, SUITE, rootfs],
      ...(mirror === undefined ? [] : [mirror]),
    ],
    { signal, ...(proxy !== undefined && { env: { http_proxy: proxy } }) },
  );
}

async function readFiles(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  // The page that describes the recipe is not part of it.
  const files = entries.filter((entry) => entry.isFile() && entry.name !== 'README.md');
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(paths.map(async (path) => [path.slice(folder.length), await readFile(path)] as const)),
  );
}
