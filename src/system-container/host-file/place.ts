import { CONTAINERD_BLOBS, RUN_DIR, STATE_DIR } from '../../cluster/paths.ts';
import { KbootError } from '../../lib/errors.ts';
import { CHECKOUT_ROOT } from '../machine/paths.ts';

/** What belongs to kboot: other containers, layers and blobs that were checked, what it knows of the machine. */
const OWN = [CHECKOUT_ROOT, STATE_DIR, RUN_DIR, CONTAINERD_BLOBS];

/** What the kernel shows: no file can be put there, and some of it leads anywhere. */
const KERNEL = ['/proc', '/sys', '/dev'];

/** Where systemd looks for units. */
const UNIT_DIRECTORIES = ['etc', 'run', 'lib', 'usr/lib', 'usr/local/lib'].map(
  (dir) => `/${dir}/systemd/system`,
);

/** Names that kboot gives to files for a moment. */
const TEMPORARY = '/.kboot-';

/**
 * Gives back the path when an image may put something there. Existing files are safe wherever they are; this is about
 * what does not exist yet. Throws IMAGE_INVALID.
 */
export function safePlace(path: string): string {
  // Lists on the machine are separated by tabs and line breaks.
  const isPath = /^\/[^\t\n\r\0]*$/.test(path) && !/(^|\/)\.{0,2}(\/|$)/.test(path.slice(1));
  const real = path.replace(/^\/var\/run(?=\/|$)/, '/run');
  const taken = [...OWN, ...KERNEL].some((place) => real === place || real.startsWith(`${place}/`));
  if (isPath && !taken && !path.includes(TEMPORARY)) return path;
  throw new KbootError('IMAGE_INVALID', `${JSON.stringify(path)} cannot be the place of a host file`);
}

/** Throws IMAGE_INVALID for a target that no link on the host can have. */
export function safeTarget(target: string): string {
  if (!/[\t\n\r]/.test(target)) return target;
  throw new KbootError(
    'IMAGE_INVALID',
    `${JSON.stringify(target)} cannot be the target of a link on the host`,
  );
}

/**
 * Throws IMAGE_INVALID for a file that is called like a unit of the manifest and is not where systemd looks for it:
 * what is started, and stopped in the end, would be the machine's own unit of that name.
 */
export function safeUnitPlace(path: string, units: readonly string[]): void {
  const at = path.lastIndexOf('/');
  if (!units.includes(path.slice(at + 1)) || UNIT_DIRECTORIES.includes(path.slice(0, at))) return;
  throw new KbootError('IMAGE_INVALID', `${JSON.stringify(path)} cannot be the place of a unit`, {
    hint: `put it into ${UNIT_DIRECTORIES[0]}`,
  });
}
