import { KbootError } from '../../lib/errors.ts';
import type { BundleImage } from '../lock.ts';
import type { Bundle } from '../open.ts';
import type { ImageReference } from './reference.ts';
import type { PlacedImage } from './source-image.ts';

type InBundle = Extract<ImageReference, { transport: 'bundle' }>;

/**
 * Finds an image of the bundle: by its whole name, or by the end of it (`etcd`). A bundle has one version of each, so
 * `latest` is that one. The image keeps its repository and the tag that was asked for: the same name leads to the
 * next version in the next bundle. Throws USAGE.
 */
export function findInBundle({ lock, dir }: Bundle, reference: InBundle): PlacedImage {
  const { name, repository, tag, digest } = reference;
  const named = lock.images.filter((image) => isNamed(image, repository));
  const exact = named.filter(
    (image) =>
      (digest === undefined || image.manifest.digest === digest) &&
      (tag === undefined || tagOf(image) === tag),
  );
  const fitting = exact.length === 0 && tag === 'latest' && digest === undefined ? named : exact;
  const system = fitting.filter(({ kind }) => kind === 'system');
  const [image, ...others] = system.length > 0 ? system : fitting;
  if (image === undefined) throw notFound(name, named.length > 0 ? named : lock.images);
  if (others.length > 0) {
    throw new KbootError('USAGE', `${name}: has several images in the bundle`, {
      hint: `name one: ${[image, ...others].map((other) => other.name).join(', ')}`,
    });
  }
  const suffix = name.slice(repository.length);
  return { name: `${repositoryOf(image)}${suffix}`, layout: dir, manifest: image.manifest.digest };
}

function isNamed(image: BundleImage, repository: string): boolean {
  const own = repositoryOf(image);
  return own === repository || own.endsWith(`/${repository}`);
}

const repositoryOf = ({ name }: BundleImage): string => name.replace(/:[^/:]*$/, '');
const tagOf = ({ name }: BundleImage): string => name.slice(repositoryOf({ name } as BundleImage).length + 1);

function notFound(name: string, images: readonly BundleImage[]): KbootError {
  return new KbootError('USAGE', `Image ${name} not found`, {
    hint: `the bundle has ${images.map((image) => image.name).join(', ')}; from elsewhere: docker://, oci:, oci-archive:, docker-archive:`,
  });
}
