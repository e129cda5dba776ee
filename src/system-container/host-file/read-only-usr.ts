import { KbootError } from '../../lib/errors.ts';
import type { SystemImage } from '../image/image.ts';
import type { LayerEntry } from '../layer/entry.ts';
import { parentsOf } from '../machine/paths.ts';
import { renamed } from './host-files.ts';

/** Where programs go that an image puts into a directory which cannot be written. */
const WRITABLE_BIN = '/opt/bin';

/** Where programs of the machine's administrator go everywhere else. */
const USUAL_BIN = '/usr/local/bin';

/** The directories of which a machine has to say whether they are read-only. */
export const MAY_BE_READ_ONLY = [
  ...['/usr', '/usr/bin', '/usr/sbin', '/bin', '/sbin', '/lib'],
  ...['/usr/local', USUAL_BIN, '/usr/local/sbin'],
  ...['/opt', WRITABLE_BIN, '/etc', '/etc/systemd/system', '/var/lib'],
] as const;

const PROGRAMS = /^\/(usr\/(local\/)?)?s?bin(?=\/|$)/;

/** What systemd reads below /etc as well as here. */
const UNITS_AND_SETTINGS =
  /^\/(usr\/(local\/)?)?lib(?=\/(systemd\/system|tmpfiles\.d|sysctl\.d|modules-load\.d)(\/|$))/;

type Renames = Readonly<Record<string, string>>;

/** Where programs go on a machine with these read-only directories, unless they are `wanted` elsewhere. */
export const programDirectory = (readOnly: readonly string[], wanted = USUAL_BIN): string =>
  readOnlyAbove(wanted, readOnly) === undefined ? wanted : WRITABLE_BIN;

/**
 * The place that a path gets on a machine with these read-only directories. Throws REFUSED when it would lie in
 * one of them and no rule moves it.
 */
export function placeOf(path: string, readOnly: readonly string[]): string {
  const moved = path.replace(PROGRAMS, WRITABLE_BIN).replace(UNITS_AND_SETTINGS, '/etc');
  const blocking = readOnlyAbove(path, readOnly);
  if (blocking === undefined) return path;
  const blockingMoved = readOnlyAbove(moved, readOnly);
  if (blockingMoved === undefined) return moved;
  throw new KbootError('REFUSED', `${path} cannot be put there: ${blocking} is read-only`, {
    hint:
      moved === path
        ? 'give it another place with renameFiles in the manifest of the image'
        : `${moved} would be its place, but ${blockingMoved} is read-only too: make that writable`,
  });
}

/** The nearest of the directories above that a machine knows of decides. */
function readOnlyAbove(path: string, readOnly: readonly string[]): string | undefined {
  const asked: readonly string[] = MAY_BE_READ_ONLY;
  const nearest = [path, ...parentsOf(path)].find((directory) => asked.includes(directory));
  return nearest !== undefined && readOnly.includes(nearest) ? nearest : undefined;
}

/** A link with a relative path in it leads elsewhere from another directory. */
const isBound = (entry: LayerEntry): boolean => entry.type === 'link' && /^[^/].*\//.test(entry.target);

/**
 * Further renames, one for each file that would otherwise go into a read-only directory; a deployment records them
 * like those of the manifest. Throws REFUSED for a file that has no place, or not one of its own.
 */
export function writablePlaces(
  { name, hostTree }: SystemImage,
  renames: Renames,
  readOnly: readonly string[],
): Renames {
  if (readOnly.length === 0) return {};
  const withContent = new Set(hostTree.flatMap(({ path }) => parentsOf(path)));
  const leaves = hostTree.filter(({ path }) => !withContent.has(path));
  const moves = leaves.flatMap((entry) => {
    const place = renamed(entry.path, renames);
    const writable = placeOf(place, readOnly);
    if (writable === place) return [];
    if (!isBound(entry)) return [[place, writable] as const];
    throw new KbootError(
      'REFUSED',
      `${place} of image ${name} is a relative link: it would lead elsewhere from ${writable}`,
      { hint: 'make the target of the link an absolute path in the image' },
    );
  });
  const taken = new Set(leaves.map(({ path }) => renamed(path, renames)));
  for (const [from, to] of moves) {
    if (taken.has(to)) {
      throw new KbootError(
        'REFUSED',
        `${from} of image ${name} would have to go to ${to}, where it puts another`,
        { hint: 'give one of them another place with renameFiles in the manifest of the image' },
      );
    }
    taken.add(to);
  }
  return Object.fromEntries(moves);
}

/** A warning for each text of an image that still names the former place of a file. */
export function formerPlaces({ files, hostTree }: SystemImage, moves: Renames): readonly string[] {
  const texts = [
    ...Object.entries(files),
    ...hostTree.map((entry) => [entry.path, entry.type === 'file' ? entry.text : undefined] as const),
  ];
  return texts.flatMap(([name, text = '']) =>
    Object.entries(moves)
      .filter(([from]) => isNamed(from, text))
      .map(([from, to]) => `${name} names ${from}, which is at ${to} on this machine`),
  );
}

/** The text has the path, not only a longer one. */
function isNamed(path: string, text: string): boolean {
  const parts = text.split(path);
  return parts.some((rest, at) => at > 0 && !/[\w./-]$/.test(parts[at - 1] ?? '') && !/^[\w.-]/.test(rest));
}
