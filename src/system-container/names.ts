import { KbootError } from '../lib/errors.ts';

/** What is safe in a path, in a unit name and as a name for the runtime. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/;

/** The name a container gets from its image when none is asked for: `reg:5000/a/b:c` gives `b-c`. */
export function defaultName(image: string): string {
  const [reference = ''] = image.split('@sha256:');
  const [repository = '', tag] = (
    reference
      .replace(/^(?:oci|docker):/, '')
      .split('/')
      .at(-1) ?? ''
  ).split(':');
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
