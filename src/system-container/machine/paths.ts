/** Where the format keeps all deployments. */
export const CHECKOUT_ROOT = '/var/lib/containers/atomic';

/** What the format takes as the OCI runtime where nobody names another. */
export const DEFAULT_RUNTIME = '/usr/bin/runc';

/** A container has at most two deployments. */
export type Slot = 0 | 1;

/** Folder of one deployment: the OCI bundle, and the unit's working directory. */
export const deploymentPath = (root: string, name: string, slot: Slot): string => `${root}/${name}.${slot}`;

/** The other of a container's two. */
export const otherSlot = (slot: Slot): Slot => (slot === 0 ? 1 : 0);

/** The slot of a deployment's folder; undefined for a name that is none's. */
export function slotOf(folder: string): Slot | undefined {
  if (folder.endsWith('.0')) return 0;
  return folder.endsWith('.1') ? 1 : undefined;
}

export const unitName = (name: string): string => `${name}.service`;
export const unitPath = (name: string): string => `/etc/systemd/system/${unitName(name)}`;
/** Where packages put a unit of that name: the container's would hide it. `/lib` is the same as `/usr/lib` nearly everywhere. */
export const packagedUnitPaths = (name: string): readonly string[] =>
  ['/lib', '/usr/local/lib'].map((lib) => `${lib}/systemd/system/${unitName(name)}`);

export const tmpfilesPath = (name: string): string => `/etc/tmpfiles.d/${name}.conf`;

/** Name of the copy of the tmpfiles.d file inside a deployment. */
export const tmpfilesCopy = (name: string): string => `tmpfiles-${name}.conf`;

/** All parents of an absolute path, the nearest first, without `/` itself. */
export function parentsOf(path: string): readonly string[] {
  const parents: string[] = [];
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
    parents.push(path.slice(0, at));
  return parents;
}
