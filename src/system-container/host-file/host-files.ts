import { createHash } from 'node:crypto';
import { KbootError } from '../../lib/errors.ts';
import { type SystemImage, textOf } from '../image/image.ts';
import { expand, type Values } from '../image/template.ts';
import { parentsOf } from '../machine/paths.ts';
import { safePlace, safeTarget, safeUnitPlace } from './place.ts';

/** Something that an image puts on the host. */
export type HostFile =
  | (Place & { readonly kind: 'directory'; readonly mode: number })
  /** Copied from `source`, a path inside the root filesystem. */
  | (Place & { readonly kind: 'copy'; readonly mode: number; readonly source: string })
  | (Place & { readonly kind: 'text'; readonly mode: number; readonly text: string })
  | (Place & { readonly kind: 'link'; readonly target: string });

interface Place {
  readonly path: string;
  /** SHA-256 of the content or of the link's target; `0` for a directory. */
  readonly checksum: string;
}

type Directory = Extract<HostFile, { kind: 'directory' }>;

/** What is at a path; `link-to-directory` only serves as a parent. */
export type PathState = 'absent' | 'directory' | 'file' | 'link' | 'link-to-directory' | 'other';

/** In `installed-files-checksum`, for a directory. */
const DIRECTORY = '0';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A directory nobody described. */
export const plainDirectory = (path: string): Directory => ({
  path,
  kind: 'directory',
  mode: 0o755,
  checksum: DIRECTORY,
});

/** `renameFiles` with its values expanded. Throws IMAGE_INVALID for a value that is no absolute path. */
export function expandRenames({ manifest }: SystemImage, values: Values): Readonly<Record<string, string>> {
  const renames = Object.entries(manifest.renameFiles).map(([from, to]) => {
    const path = expand(to, values, 'manifest.json')
      .replace(/\/{2,}/g, '/')
      .replace(/(?<=.)\/$/, '');
    return [from, safePlace(path)] as const;
  });
  return Object.fromEntries(renames);
}

/** Applies renames component by component, so that later keys see what earlier ones made of the path. */
export function renamed(path: string, renames: Readonly<Record<string, string>>): string {
  let result = '';
  for (const part of path.split('/').slice(1)) {
    const next = `${result}/${part}`;
    result = Object.hasOwn(renames, next) ? (renames[next] ?? next) : next;
  }
  return result;
}

/**
 * The image's files with the places they get on the host, parents first. A directory with content comes into
 * being through it. Throws IMAGE_INVALID.
 */
export function hostFiles(
  image: SystemImage,
  renames: Readonly<Record<string, string>>,
  values: Values,
): readonly HostFile[] {
  const templates = new Set(image.manifest.installedFilesTemplate);
  const withContent = new Set(image.hostTree.flatMap(({ path }) => parentsOf(path)));
  const files = image.hostTree.flatMap((entry): HostFile[] => {
    const path = safePlace(renamed(entry.path, renames));
    safeUnitPlace(path, image.manifest.units);
    if (entry.type === 'link')
      return [{ kind: 'link', path, target: safeTarget(entry.target), checksum: sha256(entry.target) }];
    const { mode } = entry;
    if (entry.type === 'directory') {
      return withContent.has(entry.path) ? [] : [{ kind: 'directory', path, mode, checksum: DIRECTORY }];
    }
    if (templates.has(entry.path) || templates.has(path)) {
      const text = expand(textOf(entry, image.name), values, `/exports/hostfs${entry.path}`);
      return [{ kind: 'text', path, mode, text, checksum: sha256(text) }];
    }
    const source = `exports/hostfs${entry.path}`;
    if (entry.sha256 === undefined) {
      throw new KbootError(
        'IMAGE_INVALID',
        `image ${image.name}: /${source} shares its file with one outside /exports`,
        {
          hint: 'copy the file in the Containerfile instead of linking it',
        },
      );
    }
    return [{ kind: 'copy', path, mode, source, checksum: entry.sha256 }];
  });
  const modes = new Map(
    image.hostTree.flatMap((entry) =>
      entry.type === 'directory' ? [[renamed(entry.path, renames), entry.mode]] : [],
    ),
  );
  return withParents(files, modes);
}

/**
 * Adds the parents that the files need, each once, before them. Renaming must not bring two to the same place, nor
 * one below another that is no directory. Throws IMAGE_INVALID.
 */
function withParents(files: readonly HostFile[], modes: ReadonlyMap<string, number>): readonly HostFile[] {
  const places = new Map<string, HostFile>();
  for (const file of files) {
    const other = places.get(file.path);
    if (other && !(other.kind === 'directory' && file.kind === 'directory'))
      throw inTheWay(file.path, file.path);
    places.set(file.path, file);
  }
  const all = new Map<string, HostFile>();
  for (const file of files) {
    for (const parent of parentsOf(file.path).toReversed()) {
      if ((places.get(parent)?.kind ?? 'directory') !== 'directory') throw inTheWay(file.path, parent);
      if (!all.has(parent)) all.set(parent, { ...plainDirectory(parent), mode: modes.get(parent) ?? 0o755 });
    }
    if (!all.has(file.path)) all.set(file.path, file);
  }
  return [...all.values()];
}

function inTheWay(path: string, other: string): KbootError {
  const what = path === other ? 'the place of two host files' : `below ${other}, which is no directory`;
  return new KbootError('IMAGE_INVALID', `${path} would be ${what}`);
}

export interface HostFilesPlan {
  /** Not there yet: to be created and tracked, in this order. */
  readonly create: readonly HostFile[];
  /** There already: left alone and not tracked. */
  readonly existing: readonly HostFile[];
}

/** Decides from what is on the machine. Throws REFUSED when something that is no directory has to hold files. */
export function planHostFiles(
  files: readonly HostFile[],
  stateOf: (path: string) => PathState,
): HostFilesPlan {
  const isParent = new Set(files.flatMap(({ path }) => parentsOf(path)));
  for (const { path } of files) {
    const state = stateOf(path);
    if (isParent.has(path) && !['absent', 'directory', 'link-to-directory'].includes(state)) {
      throw new KbootError('REFUSED', `${path} is in the way: it must be a directory`, {
        hint: `move ${path} out of the way`,
      });
    }
  }
  const isThere = (file: HostFile) => stateOf(file.path) !== 'absent';
  return { create: files.filter((file) => !isThere(file)), existing: files.filter(isThere) };
}
