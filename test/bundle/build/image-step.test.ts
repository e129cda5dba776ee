import { chmod, mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type BuiltImage, buildImage } from '../../../src/bundle/build/image-step.ts';
import type { ImageSpec } from '../../../src/bundle/build/images.ts';
import { BuildStorage } from '../../../src/bundle/build/podman.ts';
import { Steps } from '../../../src/bundle/build/steps.ts';
import { blobPath, readConfig } from '../../../src/bundle/oci-layout.ts';
import { temporaryFolder } from '../../helpers/bundle.ts';
import { randomNumbers } from '../../helpers/random.ts';

const random = randomNumbers();

const FLANNEL: ImageSpec = {
  folder: 'flannel',
  name: 'example.com/flannel:v1',
  kind: 'pod',
  roles: ['master', 'node'],
  version: 'v1',
  trees: ['userland-network', 'flannel'],
};
const PLUGIN: ImageSpec = {
  ...FLANNEL,
  folder: 'flannel-cni-plugin',
  name: 'example.com/flannel-cni-plugin:v1',
  trees: ['userland-network', 'flannel-cni-plugin'],
};
const RUNTIME: ImageSpec = {
  ...FLANNEL,
  folder: 'node-runtime',
  name: 'kboot/node-runtime:v1',
  kind: 'system',
  trees: ['host-programs'],
  defaultValues: { PAUSE_IMAGE: 'example.com/pause:1' },
};

/** The same trees each time, but for the times of their files. */
async function makeTrees(dir: string): Promise<ReadonlyMap<string, string>> {
  const contents = {
    'userland-network': ['usr/bin/busybox', 'usr/lib/libc.so.6'],
    flannel: ['opt/bin/flanneld'],
    'flannel-cni-plugin': ['flannel'],
    'host-programs': ['usr/local/bin/containerd'],
  };
  const trees = new Map<string, string>();
  for (const [tree, files] of Object.entries(contents)) {
    for (const file of files) {
      const path = join(dir, tree, file);
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, `content of ${file}`);
      await chmod(path, 0o755);
      const time = new Date(random() * 1e12);
      await utimes(path, time, time);
    }
    trees.set(tree, join(dir, tree));
  }
  return trees;
}

async function buildAll(dir: string): Promise<readonly BuiltImage[]> {
  const storage = new BuildStorage(join(dir, 'podman'));
  try {
    const steps = new Steps(dir, () => {});
    const trees = await makeTrees(join(dir, 'trees'));
    const images: BuiltImage[] = [];
    for (const spec of [FLANNEL, PLUGIN, RUNTIME]) images.push(await buildImage(spec, trees, steps, storage));
    return images;
  } finally {
    await storage[Symbol.asyncDispose]();
  }
}

it('builds the same images anywhere and at any time, and gives a shared layer one digest', async () => {
  const [one, other] = [await temporaryFolder(), await temporaryFolder()];
  const first = await buildAll(one);
  const second = await buildAll(other);
  expect(second.map(({ entry }) => entry)).toEqual(first.map(({ entry }) => entry));
  const [flannel, plugin] = first;
  expect(plugin?.entry.layers[0]).toEqual(flannel?.entry.layers[0]);
  expect(plugin?.entry.layers[1]).not.toEqual(flannel?.entry.layers[1]);
  expect(await readdir(join(one, 'podman'))).toEqual([]);
}, 120_000);

it('labels a system image, presets what only the release knows, and repairs a damaged result', async () => {
  const dir = await temporaryFolder();
  const [, , image] = await buildAll(dir);
  if (!image) throw new Error('not built');
  const { config } = await readConfig(image.layout, image.entry.config.digest);
  expect(config?.Labels).toMatchObject({
    'atomic.type': 'system',
    Name: 'kboot/node-runtime',
    Version: 'v1',
  });

  const layer = blobPath(image.layout, image.entry.layers[1]?.digest ?? '');
  const whole = await readFile(layer);
  await writeFile(layer, whole.subarray(0, -1));
  const [, , again] = await buildAll(dir);
  expect(again?.entry).toEqual(image.entry);
  expect(await readFile(layer)).toEqual(whole);
}, 120_000);

it('throws away the storage of a build that was killed long ago, and no other', async () => {
  const parent = join(await temporaryFolder(), 'podman');
  const [abandoned, current] = [join(parent, 'storage-old'), join(parent, 'storage-new')];
  await mkdir(abandoned, { recursive: true });
  await mkdir(current);
  const then = new Date(Date.now() - 7 * 3_600_000);
  await utimes(abandoned, then, then);
  const storage = new BuildStorage(parent);
  await expect(storage.build('/nowhere', '/nowhere', {})).rejects.toMatchObject({ code: 'BUILD_FAILED' });
  await storage[Symbol.asyncDispose]();
  expect(await readdir(parent)).toEqual(['storage-new']);
});
