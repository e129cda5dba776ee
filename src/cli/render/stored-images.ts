import { formatBytes } from '../../lib/units.ts';
import { ContainerImages } from '../json/documents.ts';
import { jsonDocument } from '../json/json.ts';
import { renderTable } from './table.ts';

/** The images that the deployments of a machine are made of, and its layer store. */
export interface StoredImages {
  readonly host: string;
  readonly images: readonly StoredImage[];
  /** Unpacked bytes on disk by layer (hex), also of layers that no image uses. */
  readonly layerBytes: ReadonlyMap<string, number>;
}

interface StoredImage {
  readonly name: string;
  /** Image id in hex. */
  readonly id: string;
  /** `etcd.0` */
  readonly deployments: readonly string[];
  /** In hex. */
  readonly layers: readonly string[];
}

/** What an image takes on a machine's disk. */
export interface ImageSize {
  readonly image: StoredImage;
  /** Bytes of all its layers, each once. */
  readonly size: number;
  /** Of these, what other images use as well. */
  readonly shared: number;
}

/** What the layer store of a machine takes, and saves. */
export interface StoreSize {
  /** Bytes that the images would take without sharing. */
  readonly size: number;
  /** Bytes that all layers take. */
  readonly disk: number;
  /** Bytes that are not there because images share layers. */
  readonly saved: number;
  /** Bytes of layers that no image uses: `kboot containers prune` deletes them. */
  readonly unused: number;
}

/** The size of every image of a machine, in their order. A layer that the machine lacks takes nothing. */
export function imageSizes({ images, layerBytes }: Omit<StoredImages, 'host'>): readonly ImageSize[] {
  const users = new Map<string, number>();
  for (const { layers } of images)
    for (const layer of new Set(layers)) users.set(layer, (users.get(layer) ?? 0) + 1);
  return images.map((image) => {
    const layers = [...new Set(image.layers)];
    const shared = layers.filter((layer) => (users.get(layer) ?? 0) > 1);
    return { image, size: bytesOf(layers, layerBytes), shared: bytesOf(shared, layerBytes) };
  });
}

/** The size of a machine's layer store. */
export function storeSize(stored: Omit<StoredImages, 'host'>): StoreSize {
  const { images, layerBytes } = stored;
  const size = imageSizes(stored).reduce((sum, image) => sum + image.size, 0);
  const used = new Set(images.flatMap(({ layers }) => layers));
  const once = bytesOf(used, layerBytes);
  const disk = bytesOf(layerBytes.keys(), layerBytes);
  return { size, disk, saved: size - once, unused: disk - once };
}

function bytesOf(layers: Iterable<string>, layerBytes: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const layer of layers) sum += layerBytes.get(layer) ?? 0;
  return sum;
}

/**
 * What `kboot containers images` prints: a row for each image of each machine, and a line for each machine's store;
 * nothing at all when there is nothing.
 */
export function renderStoredImages(machines: readonly StoredImages[]): string {
  const rows = machines.flatMap((machine) =>
    imageSizes(machine).map(({ image, size, shared }) => [
      machine.host,
      image.name,
      image.id.slice(0, 12),
      image.deployments.join(', '),
      formatBytes(size),
      formatBytes(shared),
    ]),
  );
  const stores = machines
    .map((machine) => ({ host: machine.host, store: storeSize(machine) }))
    .filter(({ store }) => store.disk > 0)
    .map(({ host, store }) => [
      host,
      formatBytes(store.size),
      formatBytes(store.disk),
      formatBytes(store.saved),
      formatBytes(store.unused),
    ]);
  const tables = [
    ...(rows.length === 0
      ? []
      : [renderTable(['HOST', 'IMAGE', 'IMAGE ID', 'DEPLOYMENTS', 'SIZE', 'SHARED'], rows)]),
    ...(stores.length === 0
      ? []
      : [renderTable(['HOST', 'IMAGES', 'ON DISK', 'SAVED BY SHARING', 'UNUSED'], stores)]),
  ];
  return tables.join('\n');
}

/** The same for programs, in bytes: an object for each machine. */
export function storedImagesJson(machines: readonly StoredImages[]): string {
  const objects = machines.map((machine) => ({
    host: machine.host,
    images: imageSizes(machine).map(({ image: { name, id, deployments }, size, shared }) => ({
      image: name,
      imageId: id,
      deployments,
      size,
      shared,
    })),
    ...storeSize(machine),
  }));
  return jsonDocument(ContainerImages, objects);
}
