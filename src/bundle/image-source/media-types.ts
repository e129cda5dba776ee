import { KbootError } from '../../lib/errors.ts';

const INDEXES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

const CONFIGS = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
];

const LAYERS = [
  'application/vnd.oci.image.layer.v1.tar',
  'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.docker.image.rootfs.diff.tar',
  'application/vnd.docker.image.rootfs.diff.tar.gzip',
];

/** Whether a descriptor of this type stands for one image in several platforms. */
export const isIndex = (mediaType: string): boolean => INDEXES.includes(mediaType);

interface Typed {
  readonly mediaType: string;
}

/** Throws IMAGE_INVALID for what is no container image, and for layers that not every machine can unpack. */
export function checkMediaTypes(
  name: string,
  { config, layers }: { readonly config: Typed; readonly layers: readonly Typed[] },
): void {
  if (!CONFIGS.includes(config.mediaType)) {
    throw new KbootError('IMAGE_INVALID', `${name}: is no container image but ${config.mediaType}`);
  }
  if (layers.length === 0) throw new KbootError('IMAGE_INVALID', `${name}: has no layers`);
  for (const { mediaType } of layers) {
    if (!LAYERS.includes(mediaType)) {
      throw new KbootError('IMAGE_INVALID', `${name}: has a layer of type ${mediaType}`, {
        hint: hintFor(mediaType),
      });
    }
  }
}

function hintFor(mediaType: string): string {
  if (/foreign|nondistributable/.test(mediaType))
    return 'the content of such a layer is not part of the image: take an image that has all of its layers';
  if (mediaType.includes('encrypted')) return 'decrypt the image first: skopeo copy --decryption-key';
  return 'machines unpack tar and gzip only: push the image again with podman push --compression-format gzip --force-compression';
}
