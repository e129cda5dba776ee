import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readIndex } from '../../../src/bundle/oci-layout.ts';
import { verifyBundle } from '../../../src/bundle/verify.ts';
import { assembleSmall, smallImages, temporaryFolder, writeImage } from '../../helpers/bundle.ts';

it('is an OCI layout whose index names every image in both ways', async () => {
  const dir = await temporaryFolder();
  const { lock, dir: bundle } = await assembleSmall(dir, await smallImages(dir));
  expect((await readdir(bundle)).sort()).toEqual([
    'blobs',
    'bundle.json',
    'index.json',
    'manifests',
    'oci-layout',
  ]);
  const index = await readIndex(bundle);
  expect(index.map(({ annotations }) => annotations)).toEqual(
    lock.images.map(({ name }) => ({
      'io.containerd.image.name': name,
      'org.opencontainers.image.ref.name': name,
    })),
  );
  expect(index.map(({ digest }) => digest)).toEqual(lock.images.map(({ manifest }) => manifest.digest));
});

it('has a shared layer once, as a hard link to what was built', async () => {
  const dir = await temporaryFolder();
  const images = await smallImages(dir);
  const bundle = await assembleSmall(dir, images);
  const [kubelet, , proxy] = bundle.lock.images;
  expect(kubelet?.layers[0]).toEqual(proxy?.layers[0]);
  // Three manifests, three configurations; the layers shared, kubelet and apiserver.
  expect(await readdir(join(bundle.dir, 'blobs', 'sha256'))).toHaveLength(9);
  expect((await stat(bundle.blobPath(kubelet?.layers[0]?.digest ?? ''))).nlink).toBe(2);
});

it('gives equal parts the same digest, wherever they are put together', async () => {
  const [one, other] = [await temporaryFolder(), await temporaryFolder()];
  const first = await assembleSmall(one, await smallImages(one));
  const second = await assembleSmall(other, await smallImages(other));
  expect(second.digest).toBe(first.digest);
});

it('leaves the same bundle where it is, and puts a new one in the place of another', async () => {
  const dir = await temporaryFolder();
  const images = await smallImages(dir);
  const first = await assembleSmall(dir, images);
  const { ino } = await lstat(first.dir);
  await assembleSmall(dir, images);
  expect((await lstat(first.dir)).ino).toBe(ino);

  const changed = await writeImage(dir, { name: 'kboot/etcd:v1.37.2', kind: 'system', roles: ['master'] }, [
    'etcd',
  ]);
  const second = await assembleSmall(dir, [...images, changed]);
  expect(second.digest).not.toBe(first.digest);
  expect((await lstat(second.dir)).ino).not.toBe(ino);
  await verifyBundle(second);
  expect((await readdir(dir)).filter((name) => name.startsWith('bundle'))).toEqual(['bundle']);
});
