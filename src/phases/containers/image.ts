import type { SourceImage } from '../../bundle/image-source/source-image.ts';
import { hexOf } from '../../bundle/select.ts';
import { readSystemImage, type SystemImage } from '../../system-container/index.ts';
import { forgetScans, layerScans } from '../layer-scans.ts';

/** An image on the operator's side, every entry of its layers checked. */
export interface OpenedImage {
  readonly source: SourceImage;
  readonly image: SystemImage;
  /** Bytes that each layer takes once it is unpacked, by its digest. */
  readonly unpackedSizes: ReadonlyMap<string, number>;
}

/** Reads what the engine has to know of an image. Throws IMAGE_INVALID; nothing of the image is kept then. */
export async function readImage(source: SourceImage, cacheDir: string): Promise<OpenedImage> {
  const { name, title, labels } = source;
  try {
    const layers = await layerScans(source.layers, (digest) => source.blobPath(digest), cacheDir);
    const id = hexOf(source.manifestDigest);
    const image = readSystemImage({ name, title, id, layers, labels });
    return { source, image, unpackedSizes: new Map(layers.map((each) => [each.digest, each.unpackedSize])) };
  } catch (error) {
    await source.discard();
    await forgetScans(source.layers, cacheDir);
    throw error;
  }
}
