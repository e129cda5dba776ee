import { KbootError } from '../../lib/errors.ts';
import { type Descriptor, readIndex, readNestedIndex } from '../oci-layout.ts';
import { entriesOf, platformOf, titleOf } from './choose.ts';
import { isIndex } from './media-types.ts';
import { type PlacedImage, requireWhole } from './source-image.ts';

/** An index that lists indexes has done so at most this often in practice; one that goes on is a trap. */
const MAX_DEPTH = 4;

export interface Choice {
  /** For errors. */
  readonly name: string;
  readonly arch: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds an image in an OCI layout; `onList` is told the digest of each list of platforms that is read on the way. Throws
 * USAGE when the tag is not there, or is needed.
 */
export async function findInLayout(
  layout: string,
  tag: string | undefined,
  choice: Choice,
  onList?: (digest: string) => Promise<void>,
): Promise<PlacedImage> {
  const entries = entriesOf(await readIndex(layout), tag, choice);
  const manifest = await manifestOf(layout, entries, choice, onList);
  return { name: choice.name, title: titleOf(entries), layout, manifest };
}

/**
 * The digest of the one manifest that descriptors of an image lead to, through lists of its platforms. `fetch`
 * brings a list that is not in the layout yet.
 */
export async function manifestOf(
  layout: string,
  entries: readonly Descriptor[],
  { name, arch, signal }: Choice,
  fetch: (digest: string) => Promise<void> = async () => {},
): Promise<string> {
  let level = entries;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const lists = level.filter(({ mediaType }) => isIndex(mediaType));
    if (lists.length === 0) return platformOf(level, { name, arch }).digest;
    for (const { digest } of lists) await fetch(digest);
    await requireWhole(layout, lists, signal);
    const inside = await Promise.all(lists.map(({ digest }) => readNestedIndex(layout, digest)));
    level = [...level.filter((entry) => !lists.includes(entry)), ...inside.flat()];
  }
  throw new KbootError(
    'IMAGE_INVALID',
    `${name}: has lists of platforms in lists of platforms without an end`,
  );
}
