import type { Host } from '../host/host.ts';
import { remoteScript } from '../host/remote-script.ts';
import { parseDeployments } from './deployment/deployments.ts';
import { CHECKOUT_ROOT } from './machine/paths.ts';

/** An image that deployments on a machine are made of. */
export interface StoredImage {
  readonly name: string;
  /** Image id. */
  readonly id: string;
  /** Folders of its deployments: `etcd.0`. */
  readonly deployments: readonly string[];
  /** In hex, base first. */
  readonly layers: readonly string[];
}

/** The images on a machine, and how many bytes each layer of its store takes on the disk. */
export async function storedImages(
  host: Host,
  signal?: AbortSignal,
): Promise<{ readonly images: readonly StoredImage[]; readonly layerBytes: ReadonlyMap<string, number> }> {
  const { stdout } = await host.query(
    { ...remoteScript('system-container/measure-layers', CHECKOUT_ROOT), sudo: true },
    signal,
  );
  const images = new Map<string, StoredImage>();
  for (const { folder, info } of parseDeployments(stdout).folders.values()) {
    if (!info) continue;
    const key = `${info.revision} ${info.image}`;
    const known = images.get(key);
    images.set(key, {
      name: info.image,
      id: info.revision,
      deployments: [...(known?.deployments ?? []), folder],
      layers: info.layers ?? [],
    });
  }
  const layerBytes = new Map(
    stdout.split('\n').flatMap((line) => {
      const [kind, bytes, layer = ''] = line.split('\t');
      const size = Number(bytes);
      return kind === 'size' && Number.isSafeInteger(size) && size >= 0 ? [[layer, size] as const] : [];
    }),
  );
  return { images: [...images.values()], layerBytes };
}
