import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { cachedLayerScan, type LayerScan } from '../system-container/index.ts';

/** The scans of an image's layers, base first, each made once and kept. `blobPath` gives the file of a blob. */
export function layerScans(
  layers: readonly { readonly digest: string }[],
  blobPath: (digest: string) => string,
  cacheDir: string,
): Promise<readonly LayerScan[]> {
  return Promise.all(
    layers.map(({ digest }) =>
      cachedLayerScan(digest, () => createReadStream(blobPath(digest)), join(cacheDir, 'layer-scans')),
    ),
  );
}
