import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SUITE } from './debian-mirror.ts';
import { debootstrap, packRootfs } from './debootstrap.ts';
import { holdLock } from './file-lock.ts';
import { podmanChange } from './podman.ts';
import { succeeds } from './run.ts';
import type { LabOptions, VirtualMachine } from './state.ts';

/** The repository of every version of the machine image. */
export const IMAGE_REPOSITORY = 'localhost/kboot-machine';

/** On disk: /tmp is often small, in memory, and without the devices and programs that debootstrap makes and runs. */
const SCRATCH = tmpdir() === '/tmp' ? '/var/tmp' : tmpdir();

const RECIPE = fileURLToPath(new URL('../../images/machine/', import.meta.url));

/** What makes a machine an image-based one, as a layer on top. */
const IMAGE_BASED = fileURLToPath(new URL('../../images/image-based-machine/', import.meta.url));

/** A machine with a kernel of its own, and the emulator that runs it. */
const VIRTUAL = fileURLToPath(new URL('../../images/virtual-machine/', import.meta.url));

/** One layer for each image, and the same one whenever it is built. */
const BUILD_SETTINGS = ['--isolation', 'chroot', '--squash', '--timestamp', '0'];

interface ImageOptions {
  /** What the machines are to be. */
  readonly options: Pick<LabOptions, 'shell' | 'imageBased' | 'virtual'>;
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
 * The name of the image for a lab's machines, which is built (a minute or two, more for a virtual machine's) when
 * podman does not have it yet. Two runs at the same time build it once.
 */
export async function ensureImage({ options, onProgress, signal }: ImageOptions): Promise<string> {
  const extraPackages = options.shell === 'fish' ? ['fish', 'fish-common'] : [];
  const build = { extraPackages, onProgress, signal };
  if (options.virtual !== undefined) return ensureVirtual(options.virtual, build);
  const base = await ensureBuilt(RECIPE, [SUITE, arch(), ...extraPackages], signal, (image) =>
    buildImage(image, build),
  );
  if (!options.imageBased) return base;
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

interface Build {
  /** Debian packages on top of the recipe's list. */
  readonly extraPackages: readonly string[];
  readonly onProgress: (text: string) => void;
  readonly signal: AbortSignal | undefined;
}

async function buildImage(image: string, { extraPackages, onProgress, signal }: Build): Promise<void> {
  const packages = [...(await readPackages(join(RECIPE, 'packages'))), ...extraPackages];
  await inContext(RECIPE, async (context) => {
    await writeFile(join(context, 'packages'), `${packages.join('\n')}\n`);
    onProgress('machine image: unpacking Debian (about a minute, once)');
    await unpackInto(context, 'rootfs', SUITE, packages, signal);
    onProgress('machine image: building');
    await podmanChange(['build', ...BUILD_SETTINGS, '--tag', image, context], signal);
  });
}

async function ensureVirtual(
  { suite }: VirtualMachine,
  { extraPackages, onProgress, signal }: Build,
): Promise<string> {
  return ensureBuilt(VIRTUAL, [suite, SUITE, arch(), ...extraPackages], signal, (image) =>
    inContext(VIRTUAL, async (context) => {
      onProgress('machine image: unpacking the emulator (about two minutes, once)');
      const emulator = await readPackages(join(VIRTUAL, 'emulator-packages'));
      await unpackInto(context, 'emulator', SUITE, emulator, signal);
      onProgress(`machine image: unpacking Debian ${suite} with its kernel (about three minutes, once)`);
      const guest = await readPackages(join(VIRTUAL, 'guest-packages'));
      await unpackInto(context, 'guest', suite, [...guest, ...extraPackages], signal);
      onProgress('machine image: building');
      await podmanChange(['build', ...BUILD_SETTINGS, '--tag', image, context], signal);
    }),
  );
}

/** Runs `task` in a folder of its own with a copy of the recipe, which is gone afterwards. */
async function inContext(recipe: string, task: (context: string) => Promise<void>): Promise<void> {
  const context = await mkdtemp(join(SCRATCH, 'kboot-machine-'));
  try {
    await cp(recipe, context, { recursive: true });
    await task(context);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** Makes NAME.tar in a build's folder: Debian with these packages. */
async function unpackInto(
  context: string,
  name: string,
  suite: string,
  packages: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const rootfs = join(context, name);
  await debootstrap(suite, rootfs, packages, signal);
  await packRootfs(rootfs, `${rootfs}.tar`, signal);
  await rm(rootfs, { recursive: true });
}

const readPackages = async (path: string) => parsePackages(await readFile(path, 'utf8'));

async function readFiles(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  // The page that describes the recipe is not part of it.
  const files = entries.filter((entry) => entry.isFile() && entry.name !== 'README.md');
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(paths.map(async (path) => [path.slice(folder.length), await readFile(path)] as const)),
  );
}
