import type { Host } from '../host/host.ts';
import { remoteScript } from '../host/remote-script.ts';
import { parseDeployments, trackedPaths } from './deployment/deployments.ts';
import { render } from './deployment/render.ts';
import { USUAL_FEATURES } from './deployment/unit.ts';
import type { SystemImage } from './image/image.ts';
import { CHECKOUT_ROOT, packagedUnitPaths, tmpfilesPath, unitPath } from './machine/paths.ts';

/** A container that is going to be installed. */
export interface PlannedContainer {
  readonly name: string;
  readonly image: SystemImage;
  readonly values?: Readonly<Record<string, string>>;
  /** Directories that are read-only on the machine, of those in MAY_BE_READ_ONLY; none when absent. */
  readonly readOnly?: readonly string[];
}

/** Something on the machine in the place of a host file. */
export interface HostFileConflict {
  readonly path: string;
  /** The container that needs the place. */
  readonly name: string;
}

/**
 * Files, links, units and tmpfiles of these containers in whose place the machine has something that no install
 * of kboot put there. Directories may be shared and are never a conflict. Nothing is changed.
 */
export async function hostFileConflicts(
  host: Host,
  containers: readonly PlannedContainer[],
  signal?: AbortSignal,
): Promise<readonly HostFileConflict[]> {
  const wanted = containers.flatMap((container) => destinationsOf(container));
  const { stdout } = await host.query(
    {
      ...remoteScript('system-container/conflicts', CHECKOUT_ROOT),
      stdin: wanted.map(({ path }) => `${path}\n`).join(''),
      sudo: true,
    },
    signal,
  );
  const found = parseDeployments(stdout);
  const tracked = trackedPaths(found);
  const there = new Set(
    stdout.split('\n').flatMap((line) => (line.startsWith('there\t') ? [line.slice(6)] : [])),
  );
  const isOwn = (name: string, path: string) =>
    tracked.has(path) ||
    ([unitPath(name), tmpfilesPath(name)].includes(path) &&
      (found.links.has(name) || found.folders.has(`${name}.0`)));
  return wanted.filter(({ path, name }) => there.has(path) && !isOwn(name, path));
}

function destinationsOf({
  name,
  image,
  values = {},
  readOnly = [],
}: PlannedContainer): readonly HostFileConflict[] {
  const rendered = render({
    ...{ image, name, root: CHECKOUT_ROOT, slot: 0, userValues: values, uuid: '', capabilities: [] },
    ...{ readOnly, runtime: '', features: USUAL_FEATURES, spec: undefined },
  });
  const files = rendered.hostFiles.filter(({ kind }) => kind !== 'directory').map(({ path }) => path);
  const engine = rendered.unit === undefined ? [] : [unitPath(name), ...packagedUnitPaths(name)];
  return [...files, ...engine, tmpfilesPath(name)].map((path) => ({ path, name }));
}
