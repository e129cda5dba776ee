import { KbootError } from '../lib/errors.ts';
import type { Decided, Leftovers } from './apply.ts';
import { type HostFile, type PathState, plainDirectory, planHostFiles } from './host-files.ts';
import type { SystemImage } from './image.ts';
import { infoText } from './info.ts';
import { parentsOf, tmpfilesPath, unitPath } from './paths.ts';
import type { Rendered } from './render.ts';
import { directoriesMadeBy, generatedTmpfiles } from './tmpfiles.ts';

export interface SettleInputs {
  readonly image: SystemImage;
  readonly name: string;
  readonly userValues: Readonly<Record<string, string>>;
  readonly runtime: string;
  readonly rendered: Rendered;
  /** Hex digests, base first. */
  readonly layers: readonly string[];
  /** Of every path in pathsToAsk(). */
  readonly states: ReadonlyMap<string, PathState>;
  /** undefined: no earlier install was interrupted. */
  readonly leftovers: Leftovers | undefined;
  /** Seconds since the epoch. */
  readonly created: number;
}

/** Decides what an install changes, from what was found on the machine. Throws REFUSED. */
export function settle(
  inputs: SettleInputs,
): Omit<Decided, 'root' | 'name' | 'steps'> & { readonly existing: readonly string[] } {
  const { image, name, rendered, leftovers = { installed: [], units: [] }, userValues, runtime } = inputs;
  const cleared = new Set(leftovers.installed.map(({ path }) => path));
  const stateOf = (path: string): PathState =>
    cleared.has(path) ? 'absent' : (inputs.states.get(path) ?? 'absent');

  if (!inputs.leftovers) {
    for (const path of [unitPath(name), tmpfilesPath(name)]) {
      if (stateOf(path) !== 'absent') {
        throw new KbootError('REFUSED', `The file ${path} already exists.`, {
          hint: `remove ${path} if nothing needs it, or choose another name`,
        });
      }
    }
  }
  const { create, existing } = planHostFiles(rendered.hostFiles, stateOf);
  const units = unitFiles(image, create);
  const isBrought = new Set(rendered.hostFiles.map(({ path }) => path));
  const missing = rendered.bindSources.filter((path) => stateOf(path) === 'absent' && !isBrought.has(path));
  const tmpfiles = rendered.tmpfiles ?? generatedTmpfiles(missing);

  const engineFiles = [
    ...(rendered.unit === undefined ? [] : [unitPath(name)]),
    ...(tmpfiles === '' ? [] : [tmpfilesPath(name)]),
  ];
  const engineParents = newDirectories(engineFiles.flatMap(parentsOf), stateOf).filter(
    (path) => !isBrought.has(path),
  );
  const hostFiles = [...create, ...engineParents.map(plainDirectory)];
  const isPlanned = new Set(hostFiles.map(({ path }) => path));
  const made = directoriesMadeBy(tmpfiles).flatMap((path) => [path, ...parentsOf(path)]);
  const stateDirectories = newDirectories(made, stateOf).filter(
    (path) => !isPlanned.has(path) && !isVolatile(path),
  );
  const info = infoText({
    ...{
      image,
      userValues,
      runtime,
      units,
      stateDirectories,
      layers: inputs.layers,
      created: inputs.created,
    },
    values: rendered.values,
    hasService: rendered.unit !== undefined,
    installed: hostFiles,
    templates: image.manifest.installedFilesTemplate,
    renames: rendered.renames,
    useLinks: image.manifest.useLinks,
  });
  return {
    ...{
      config: rendered.config,
      unit: rendered.unit,
      info,
      tmpfiles,
      hostFiles,
      units,
      stateDirectories,
      leftovers,
    },
    existing: existing.flatMap(({ path, kind }) => (kind === 'directory' ? [] : [path])),
  };
}

/** Those of the paths which are missing, each once, parents first. */
function newDirectories(paths: readonly string[], stateOf: (path: string) => PathState): readonly string[] {
  return [...new Set(paths)].filter((path) => stateOf(path) === 'absent').sort();
}

/** Paths of the units to start. Another's unit in their place must not be taken for the image's. */
function unitFiles({ name, manifest }: SystemImage, create: readonly HostFile[]): readonly string[] {
  return manifest.units.map((unit) => {
    const file = create.find(({ path }) => path.endsWith(`/${unit}`));
    if (file) return file.path;
    throw new KbootError('REFUSED', `the machine has a unit ${unit} already: ${name} cannot bring its own`, {
      hint: `remove what ${unit} belongs to`,
    });
  });
}

/** Gone after a reboot anyway. */
const isVolatile = (path: string): boolean => /^\/(run|tmp|dev|proc|sys|var\/run)(\/|$)/.test(path);
