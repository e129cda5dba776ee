import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  imageSizes,
  renderStoredImages,
  type StoredImages,
  storedImagesJson,
  storeSize,
} from '../../../src/cli/render/stored-images.ts';

const ID = 'ab'.repeat(32);

const MASTER: StoredImages = {
  host: 'master1',
  images: [
    { name: 'kboot/etcd:v1', id: ID, deployments: ['etcd.0', 'second.1'], layers: ['base', 'etcd'] },
    {
      name: 'kboot/kubelet:v1',
      id: 'cd'.repeat(32),
      deployments: ['kubelet.0'],
      layers: ['base', 'base', 'gone'],
    },
  ],
  layerBytes: new Map([
    ['base', 100_000_000],
    ['etcd', 20_500_000],
    ['old', 1_000],
  ]),
};
const EMPTY: StoredImages = { host: 'n1', images: [], layerBytes: new Map() };

test('a table of images, one of the stores', () => {
  expect(renderStoredImages([MASTER, EMPTY])).toBe(`\
HOST     IMAGE             IMAGE ID      DEPLOYMENTS       SIZE      SHARED
master1  kboot/etcd:v1     abababababab  etcd.0, second.1  120.5 MB  100.0 MB
master1  kboot/kubelet:v1  cdcdcdcdcdcd  kubelet.0         100.0 MB  100.0 MB

HOST     IMAGES    ON DISK   SAVED BY SHARING  UNUSED
master1  220.5 MB  120.5 MB  100.0 MB          1.0 kB
`);
});

test('nothing at all when there is nothing', () => {
  expect(renderStoredImages([EMPTY])).toBe('');
  expect(renderStoredImages([])).toBe('');
});

test('a store without images shows what could go', () => {
  const left = { ...EMPTY, layerBytes: new Map([['old', 5]]) };
  expect(renderStoredImages([left])).toBe(
    'HOST  IMAGES  ON DISK  SAVED BY SHARING  UNUSED\nn1    0 B     5 B      0 B               5 B\n',
  );
});

test('for programs: bytes, and machines that have nothing', () => {
  expect(JSON.parse(storedImagesJson([MASTER, EMPTY]))).toEqual([
    {
      host: 'master1',
      images: [
        {
          ...{ image: 'kboot/etcd:v1', imageId: ID, deployments: ['etcd.0', 'second.1'] },
          ...{ size: 120_500_000, shared: 100_000_000 },
        },
        {
          ...{ image: 'kboot/kubelet:v1', imageId: 'cd'.repeat(32), deployments: ['kubelet.0'] },
          ...{ size: 100_000_000, shared: 100_000_000 },
        },
      ],
      ...{ size: 220_500_000, disk: 120_501_000, saved: 100_000_000, unused: 1_000 },
    },
    { host: 'n1', images: [], size: 0, disk: 0, saved: 0, unused: 0 },
  ]);
});

test('every byte on the disk is counted once', () => {
  const layer = fc.constantFrom<string>('a', 'b', 'c', 'd', 'e', 'f');
  const image = fc.record({
    ...{ name: fc.string(), id: fc.string(), deployments: fc.constant([]) },
    layers: fc.array(layer, { maxLength: 8 }),
  });
  const stores = fc.record({
    images: fc.array(image, { maxLength: 6 }),
    layerBytes: fc.dictionary(layer, fc.nat()).map((bytes) => new Map(Object.entries(bytes))),
  });
  fc.assert(
    fc.property(stores, (stored) => {
      const { size, disk, saved, unused } = storeSize(stored);
      const sizes = imageSizes(stored);
      expect(disk).toBe([...stored.layerBytes.values()].reduce((sum, bytes) => sum + bytes, 0));
      expect(size - saved + unused).toBe(disk);
      expect(Math.min(saved, unused, disk - unused)).toBeGreaterThanOrEqual(0);

      const own = sizes.reduce((sum, each) => sum + each.size - each.shared, 0);
      const isShared = (name: string) =>
        stored.images.filter(({ layers }) => layers.includes(name)).length > 1;
      const sharedOnce = [...stored.layerBytes].reduce(
        (sum, [name, bytes]) => sum + (isShared(name) ? bytes : 0),
        0,
      );
      expect(own + sharedOnce + unused).toBe(disk);
      // Sharing saves nothing exactly when no image shares anything.
      expect(saved === 0).toBe(sizes.every(({ shared }) => shared === 0));
      for (const each of sizes) expect(each.shared).toBeLessThanOrEqual(each.size);
    }),
  );
});
