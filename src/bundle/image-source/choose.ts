import { KbootError } from '../../lib/errors.ts';
import { type Descriptor, NAME_ANNOTATIONS } from '../oci-layout.ts';

/** Where a list of images was found, for errors. */
interface Place {
  /** `oci:/srv/images` */
  readonly name: string;
  readonly arch: string;
}

/**
 * The entries of a layout's index that make up one image: the one with that tag, or the only one that there is.
 * Throws USAGE naming the tags.
 */
export function entriesOf(
  index: readonly Descriptor[],
  tag: string | undefined,
  { name }: Pick<Place, 'name'>,
): readonly Descriptor[] {
  const tags = [...new Set(index.flatMap(tagsOf))].sort();
  const hint = tags.length === 0 ? 'none of its images has a tag' : `it has ${tags.join(', ')}`;
  if (tag !== undefined) {
    const found = index.filter((entry) => tagsOf(entry).includes(tag));
    if (found.length === 0) throw new KbootError('USAGE', `Image ${name} not found`, { hint });
    return found;
  }
  const names = new Set(index.map((entry) => tagsOf(entry).join(' ')));
  if (names.size === 1) return index;
  const latest = index.filter((entry) => tagsOf(entry).includes('latest'));
  if (latest.length > 0) return latest;
  if (names.size === 0) throw new KbootError('IMAGE_INVALID', `${name}: has no image`);
  throw new KbootError('USAGE', `${name}: has several images: add the tag of one, ${name}:TAG`, { hint });
}

/** The names of an entry, each once. */
function tagsOf({ annotations }: Descriptor): readonly string[] {
  return [...new Set(NAME_ANNOTATIONS.flatMap((key) => annotations?.[key] ?? []))];
}

/** The name in entries' annotations that says more than a tag does: `docker.io/library/etcd:v3`. */
export const titleOf = (entries: readonly Descriptor[]): string | undefined =>
  entries.flatMap(tagsOf).find((name) => /[/:]/.test(name));

/** The entry for linux and this architecture. Throws IMAGE_INVALID naming what there is. */
export function platformOf(entries: readonly Descriptor[], { name, arch }: Place): Descriptor {
  // What says nothing of a platform is told apart by its configuration, once it is chosen.
  const [only] = entries;
  if (entries.length === 1 && only !== undefined && only.platform === undefined) return only;
  const fitting = entries.filter(
    ({ platform }) => platform?.os === 'linux' && platform.architecture === arch,
  );
  // `amd64/v3` is for newer processors only, plain `amd64` for all.
  const chosen = fitting.find(({ platform }) => platform?.variant === undefined) ?? fitting[0];
  if (chosen) return chosen;
  const there = entries.flatMap(({ platform }) =>
    platform && platform.os !== 'unknown' ? [`${platform.os}/${platform.architecture}`] : [],
  );
  const what = there.length === 0 ? 'several images without saying for which platforms' : there.join(', ');
  throw new KbootError('IMAGE_INVALID', `${name}: has nothing for linux/${arch}, only ${what}`, {
    hint: `take an image that is built for linux/${arch}`,
  });
}
