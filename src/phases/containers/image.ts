import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { SourceImage } from '../../bundle/image-source/source-image.ts';
import { cachedLayerScan, readSystemImage, type SystemImage } from '../../system-container/index.ts';

/** An image on the operator's side, every entry of its layers checked. */
export interface OpenedImage {
  readonly source: SourceImage;
  readonly image: SystemImage;
}

/** Reads what the engine has to know of an image. Throws IMAGE_INVALID. */
export async function readImage(source: SourceImage, cacheDir: string): Promise<OpenedImage> {
  const { name, labels } = source;
  const layers = await Promise.all(
    source.layers.map(({ digest }) =>
      cachedLayerScan(digest, () => createReadStream(source.blobPath(digest)), join(cacheDir, 'layer-scans')),
    ),
  );
  const id = source.manifestDigest.replace(/^sha256:/, '');
  return { source, image: readSystemImage({ name, id, layers, labels }) };
}
