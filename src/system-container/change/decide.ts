import { KbootError } from '../../lib/errors.ts';
import { type Info, infoText } from '../deployment/info.ts';
import type { Rendered } from '../deployment/render.ts';
import { directoriesMadeBy, generatedTmpfiles } from '../deployment/tmpfiles.ts';
import { type HostFile, type PathState, plainDirectory, planHostFiles } from '../host-file/host-files.ts';
import { type TrackedFile, trackFiles } from '../host-file/tracked-file.ts';
import type { SystemImage } from '../image/image.ts';
import { packagedUnitPaths, parentsOf, tmpfilesPath, unitPath } from '../machine/paths.ts';

/** What an interrupted install left: its host files in the order of creation, and its units. */
export interface Leftovers {
  readonly installed: readonly { readonly path: string; readonly checksum: string }[];
  readonly units: readonly string[];
}

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
  /** The deployment that is to be replaced. */
  readonly previous?: Info | undefined;
  /** Files of it that were changed on the machine since. */
  readonly modified?: ReadonlySet<string>;
  /** undefined: no earlier install was interrupted. */
  readonly leftovers?: Leftovers | undefined;
  /** The remote root filesystem: as it was given, and what it is on the machine. */
  readonly remote?: { readonly given: string; readonly rootfs: string } | undefined;
  /** Seconds since the epoch. */
  readonly created: number;
}

/** A deployment, decided to its last file. */
export interface Settled {
  readonly config: string;
  readonly info: string;
  readonly unit: string | undefined;
  /** `` for none. */
  readonly tmpfiles: string;
  /** Host files that the deployment brings and answers for, in the order of their creation. */
  readonly hostFiles: readonly TrackedFile[];
  /** Contents of expanded host files, by their path inside the deployment. */
  readonly texts: ReadonlyMap<string, string>;
  /** Paths of units among the host files which are enabled and started. */
  readonly units: readonly string[];
  /** Directories that tmpfiles will make, parents first. */
  readonly stateDirectories: readonly string[];
  readonly leftovers: Leftovers;
  /** Where the rootfs of the deployment leads to; undefined for one of its own. */
  readonly remote: string | undefined;
  /** Files that others have put in the way: they are left alone. */
  readonly existing: readonly string[];
  /** Files of the container that were changed since it put them there: they are left alone too. */
  readonly modified: readonly string[];
}

/** Decides what a deployment consists of, from what was found on the machine. Throws REFUSED. */
export function settle(inputs: SettleInputs): Settled {
  const { image, name, rendered, previous, remote, leftovers } = inputs;
  const { modified = new Set<string>() } = inputs;
  const tracked = previous?.['host-files'] ?? [];
  const free = new Set([
    ...(leftovers?.installed ?? []).map(({ path }) => path),
    ...tracked.flatMap(({ path }) => (modified.has(path) ? [] : [path])),
    ...(previous?.['state-directories'] ?? []),
  ]);
  const stateOf = (path: string): PathState =>
    free.has(path) ? 'absent' : (inputs.states.get(path) ?? 'absent');

  if (!leftovers && !previous) refuseTaken(name, rendered, stateOf);
  refuseTurned(rendered.hostFiles, tracked);
  const { create, existing } = planHostFiles(rendered.hostFiles, stateOf);
  const own = [...create, ...existing.filter(({ path }) => modified.has(path))];
  const units = unitFiles(image, own);
  const isBrought = new Set(rendered.hostFiles.map(({ path }) => path));
  const generatedFor = generatedSources(inputs, stateOf, isBrought);
  const tmpfiles = rendered.tmpfiles ?? generatedTmpfiles(generatedFor);

  const engineFiles = [
    ...(rendered.unit === undefined ? [] : [unitPath(name)]),
    ...(tmpfiles === '' ? [] : [tmpfilesPath(name)]),
  ];
  const engineParents = newDirectories(engineFiles.flatMap(parentsOf), stateOf).filter(
    (path) => !isBrought.has(path),
  );
  const { tracked: brought, texts } = trackFiles([...create, ...engineParents.map(plainDirectory)]);
  const isPlanned = new Set(brought.map(({ path }) => path));
  const kept = tracked
    .filter(({ path }) => modified.has(path) && !isPlanned.has(path))
    .map((file): TrackedFile => ({ ...file, kind: 'kept' }));
  const hostFiles = [...brought, ...kept];
  const made = directoriesMadeBy(tmpfiles).flatMap((path) => [path, ...parentsOf(path)]);
  const stateDirectories = newDirectories(
    [...made, ...(previous?.['state-directories'] ?? [])],
    stateOf,
  ).filter((path) => !isPlanned.has(path) && !isVolatile(path));
  const info = infoText({
    ...{ image, units, stateDirectories, userValues: inputs.userValues, runtime: inputs.runtime },
    ...{ layers: inputs.layers, created: inputs.created, remote: remote?.given },
    generatedTmpfiles: generatedFor,
    healthCheck: rendered.healthCheck,
    healthTimeoutS: image.manifest.healthTimeout,
    values: rendered.values,
    hasService: rendered.unit !== undefined,
    installed: hostFiles,
    templates: image.manifest.installedFilesTemplate,
    renames: rendered.renames,
    useLinks: image.manifest.useLinks,
  });
  return {
    ...{ config: rendered.config, unit: rendered.unit, info, tmpfiles, hostFiles, texts, units },
    ...{ stateDirectories, leftovers: leftovers ?? { installed: [], units: [] }, remote: remote?.rootfs },
    existing: existing.flatMap(({ path, kind }) => (kind === 'directory' ? [] : [path])),
    modified: [...modified],
  };
}

function refuseTaken(name: string, { unit }: Rendered, stateOf: (path: string) => PathState): void {
  const packaged = packagedUnitPaths(name).find((path) => stateOf(path) !== 'absent');
  if (unit !== undefined && packaged !== undefined) {
    throw new KbootError('REFUSED', `the machine has a service ${name} already: ${packaged}`, {
      hint: 'choose another name, or remove what the service belongs to',
    });
  }
  for (const path of [unitPath(name), tmpfilesPath(name)]) {
    if (stateOf(path) !== 'absent') {
      throw new KbootError('REFUSED', `The file ${path} already exists.`, {
        hint: `remove ${path} if nothing needs it, or choose another name`,
      });
    }
  }
}

/**
 * New files are put beside their places while the old ones are there: in a directory that is a link as yet they would
 * go to where it leads.
 */
function refuseTurned(files: readonly HostFile[], tracked: readonly TrackedFile[]): void {
  const before = new Map(tracked.map((file) => [file.path, file.kind === 'directory']));
  for (const { path, kind } of files) {
    const isDirectory = kind === 'directory';
    if ((before.get(path) ?? isDirectory) === isDirectory) continue;
    const [was, is] = isDirectory ? ['no directory', 'one'] : ['a directory', 'none'];
    throw new KbootError(
      'REFUSED',
      `${path} is ${was} in the deployment that is there, and ${is} in the new one`,
      {
        hint: 'uninstall the container and install it anew',
      },
    );
  }
}

/**
 * Bind sources for which tmpfiles lines are made: those that are missing, and those that an earlier deployment's
 * lines made, which are there now and would not come back after a reboot.
 */
function generatedSources(
  { rendered, previous }: SettleInputs,
  stateOf: (path: string) => PathState,
  isBrought: ReadonlySet<string>,
): readonly string[] {
  if (rendered.tmpfiles !== undefined) return [];
  const earlier = new Set(previous?.['generated-tmpfiles'] ?? []);
  return rendered.bindSources.filter(
    (path) => (stateOf(path) === 'absent' || earlier.has(path)) && !isBrought.has(path),
  );
}

/** Those of the paths which are missing, each once, parents first. */
function newDirectories(paths: readonly string[], stateOf: (path: string) => PathState): readonly string[] {
  return [...new Set(paths)].filter((path) => stateOf(path) === 'absent').sort();
}

/** Paths of the units to start. Another's unit in their place must not be taken for the image's. */
function unitFiles({ name, manifest }: SystemImage, own: readonly HostFile[]): readonly string[] {
  return manifest.units.map((unit) => {
    const file = own.find(({ path }) => path.endsWith(`/${unit}`));
    if (file) return file.path;
    throw new KbootError('REFUSED', `the machine has a unit ${unit} already: ${name} cannot bring its own`, {
      hint: `remove what ${unit} belongs to`,
    });
  });
}

/** Gone after a reboot anyway. */
const isVolatile = (path: string): boolean => /^\/(run|tmp|dev|proc|sys|var\/run)(\/|$)/.test(path);
