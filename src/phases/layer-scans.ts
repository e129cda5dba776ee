import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { LAYER_SCANS } from '../bundle/image-source/cache-room.ts';
import { cachedLayerScan, forgetLayerScan, type LayerScan } from '../system-container/index.ts';

type Layers = readonly { readonly digest: string }[];

/** The scans of an image's layers, base first, each made once and kept. `blobPath` gives the file of a blob. */
export async function layerScans(
  layers: Layers,
  blobPath: (digest: string) => string,
  cacheDir: string,
): Promise<readonly LayerScan[]> {
  // All of them come to their end: what is made later than an error could not be deleted after it.
  const outcomes = await Promise.allSettled(
    layers.map(({ digest }) =>
      cachedLayerScan(digest, () => createReadStream(blobPath(digest)), join(cacheDir, LAYER_SCANS)),
    ),
  );
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}

/** Forgets what was found out about the layers of an image that was refused. */
export async function forgetScans(layers: Layers, cacheDir: string): Promise<void> {
  for (const { digest } of layers) await forgetLayerScan(digest, join(cacheDir, LAYER_SCANS));
}
