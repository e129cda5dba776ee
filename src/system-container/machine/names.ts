import { KbootError } from '../../lib/errors.ts';

/** What is safe in a path, in a unit name and as a name for the runtime. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/;

/**
 * The name a container gets from its image when none is asked for: `reg:5000/a/b:c` gives `b-c`. `title` is what the
 * image calls itself; it counts for one in a file, whose path says where somebody keeps it. Without it the tag does,
 * or the file's name without its endings.
 */
export function defaultName(image: string, title?: string): string {
  if (isInFile(image)) {
    if (title !== undefined) return nameOf(title);
    const [, path = '', tag] = /^[a-z-]+:([^:]*)(?::(.*))?$/s.exec(image) ?? [];
    return nameOf(tag ?? baseName(path).replace(/(?<=.)(?:\.(?:oci|tar|tgz|gz|xz|zst|bz2))+$/, ''));
  }
  return nameOf(image.replace(/^(?:oci|docker):/, ''));
}

/** Whether an image is named by a file that it is in: its name then says nothing of itself. */
export const isInFile = (image: string): boolean => /^(?:oci|oci-archive|docker-archive):\//.test(image);

const baseName = (path: string): string => path.split('/').at(-1) ?? '';

function nameOf(image: string): string {
  const [reference = ''] = image.split('@sha256:');
  const [repository = '', tag] = baseName(reference).split(':');
  return tag === undefined || tag === 'latest' ? repository : `${repository}-${tag}`;
}

/**
 * Throws REFUSED for a name that cannot be a container's beside those in `existing`: characters that paths or
 * units cannot carry, or a name whose link or slots are another container's.
 */
export function checkName(name: string, existing: Iterable<string>): void {
  if (!NAME.test(name)) {
    throw new KbootError('REFUSED', `'${name}' cannot be the name of a system container`, {
      hint: 'use letters, digits, dots, dashes and underscores, starting with a letter, a digit or an underscore',
    });
  }
  for (const other of existing) {
    if (isSlotOf(name, other) || isSlotOf(other, name)) {
      throw new KbootError('REFUSED', `the name '${name}' collides with the deployments of '${other}'`, {
        hint: 'choose another name',
      });
    }
  }
}

function isSlotOf(slot: string, name: string): boolean {
  return slot === `${name}.0` || slot === `${name}.1`;
}
