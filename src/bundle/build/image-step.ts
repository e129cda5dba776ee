import { createReadStream } from 'node:fs';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { KbootError } from '../../lib/errors.ts';
import { exists } from '../../lib/exists.ts';
import { canonicalJson } from '../canonical-json.ts';
import { measureFile, measureStream } from '../digest.ts';
import type { BundleImage, BundleLayer } from '../lock.ts';
import { blobPath, LAYER_TYPE, readConfig, readIndex, readManifest } from '../oci-layout.ts';
import type { ImageSpec } from './images.ts';
import type { BuildStorage } from './podman.ts';
import { IMAGES_DIR } from './release.ts';
import { keyOf, type StepSpec, type Steps } from './steps.ts';
import { copyTree, hashTree } from './tree.ts';

/** An image in an OCI layout of its own, and its entry in bundle.json. */
export interface BuiltImage {
  readonly layout: string;
  readonly entry: BundleImage;
}

/** The image's entry in bundle.json, in the result of the step that made it. */
export const ENTRY_FILE = 'image.json';

/** Builds one image from its Containerfile and the trees it copies. */
export async function buildImage(
  spec: ImageSpec,
  trees: ReadonlyMap<string, string>,
  steps: Steps,
  storage: BuildStorage,
  signal?: AbortSignal,
): Promise<BuiltImage> {
  const folder = join(IMAGES_DIR, spec.folder);
  const used = spec.trees.map((name) => {
    const tree = trees.get(name);
    if (tree === undefined) throw new Error(`${spec.folder}: there is no tree ${name}`);
    return [name, tree] as const;
  });
  const own = await ownFiles(folder);
  const inputs = {
    spec,
    trees: used.map(([, tree]) => keyOf(tree)),
    own: await Promise.all(own.map((name) => hashTree(join(folder, name)))),
    containerfile: await readFile(join(folder, 'Containerfile'), 'utf8'),
  };
  const step = { name: `image-${spec.folder}`, title: `Build the image ${spec.name}`, inputs };
  return wholeImage(
    steps,
    step,
    async (result) => {
      const context = join(result, 'context');
      for (const [name, tree] of used) {
        await mkdir(join(context, name), { recursive: true });
        await copyTree(tree, join(context, name), { hardLink: true });
      }
      for (const name of own) {
        await mkdir(join(context, name), { recursive: true });
        await copyTree(join(folder, name), join(context, name));
      }
      if (spec.defaultValues)
        await addDefaults(join(context, 'exports', 'manifest.json'), spec.defaultValues);
      await writeFile(join(context, 'Containerfile'), inputs.containerfile);
      const layout = join(result, 'oci');
      await storage.build(context, layout, { VERSION: spec.version });
      await rm(context, { recursive: true });
      await writeFile(join(result, ENTRY_FILE), canonicalJson(await describeImage(layout, spec, signal)));
    },
    signal,
  );
}

/**
 * The image that a step makes: an OCI layout `oci` and its entry in ENTRY_FILE. A result that was damaged on
 * disk since then is made anew; the bundle would inherit the damage.
 */
export async function wholeImage(
  steps: Steps,
  step: StepSpec,
  make: (dir: string) => Promise<void>,
  signal?: AbortSignal,
): Promise<BuiltImage> {
  const dir = await steps.run(step, make);
  const image = await readImage(dir);
  if (await isWhole(image, signal)) return image;
  await rm(dir, { recursive: true });
  return readImage(await steps.run(step, make));
}

async function readImage(dir: string): Promise<BuiltImage> {
  const entry = JSON.parse(await readFile(join(dir, ENTRY_FILE), 'utf8')) as BundleImage;
  return { layout: join(dir, 'oci'), entry };
}

async function isWhole({ layout, entry }: BuiltImage, signal?: AbortSignal): Promise<boolean> {
  const blobs = [entry.manifest, entry.config, ...entry.layers];
  const found = blobs.map(({ digest }) =>
    measureFile(blobPath(layout, digest), signal).catch(() => undefined),
  );
  const measured = await Promise.all(found);
  signal?.throwIfAborted();
  return blobs.every(({ digest }, index) => measured[index]?.digest === digest);
}

/** The folders beside a Containerfile that it copies as they are. */
async function ownFiles(folder: string): Promise<readonly string[]> {
  const names = ['exports', 'rootfs'];
  const found = await Promise.all(names.map((name) => exists(join(folder, name))));
  return names.filter((_, index) => found[index]);
}

async function addDefaults(path: string, values: Readonly<Record<string, string>>): Promise<void> {
  const manifest = JSON.parse(await readFile(path, 'utf8')) as { defaultValues?: object };
  const merged = { ...manifest, defaultValues: { ...manifest.defaultValues, ...values } };
  await writeFile(path, `${JSON.stringify(merged, undefined, 2)}\n`);
  await chmod(path, 0o644);
}

/** The entry for bundle.json of the only image of a layout; its layers are unpacked once to be measured. */
export async function describeImage(
  layout: string,
  { name, kind, roles }: Pick<ImageSpec, 'name' | 'kind' | 'roles'>,
  signal?: AbortSignal,
): Promise<BundleImage> {
  const [listed] = await readIndex(layout);
  if (!listed) throw new KbootError('BUILD_FAILED', `${layout}: has no image`);
  const manifest = await readManifest(layout, listed.digest);
  const config = await readConfig(layout, manifest.config.digest);
  const layers: BundleLayer[] = [];
  for (const { digest, size, mediaType } of manifest.layers) {
    if (mediaType !== LAYER_TYPE)
      throw new KbootError('BUILD_FAILED', `${name}: has a layer of type ${mediaType}`);
    const tar = createReadStream(blobPath(layout, digest)).pipe(createGunzip());
    const { digest: diffId, size: unpackedSize } = await measureStream(tar, signal);
    layers.push({ digest, size, diffId, unpackedSize });
  }
  if (String(layers.map(({ diffId }) => diffId)) !== String(config.rootfs.diff_ids)) {
    throw new KbootError('BUILD_FAILED', `${name}: the layers are not those that the configuration names`);
  }
  return {
    name,
    kind,
    roles: [...roles],
    manifest: { digest: listed.digest, size: listed.size },
    config: { digest: manifest.config.digest, size: manifest.config.size },
    layers,
  };
}
