import { KbootError } from '../lib/errors.ts';
import { createFile, replaceFile } from '../lib/write-file.ts';
import { type Cluster, machinesOf } from './cluster.ts';
import { addMachineText, type List, newClusterText } from './edit-text.ts';
import { invalidCluster, parseCluster, readClusterFile, requireValid } from './load.ts';
import { machineNameProblem } from './names.ts';

const ROLE = { masters: 'master', nodes: 'node' } as const;

/** The cluster that createCluster would write, without writing it. Throws USAGE for a name that cannot be a machine's. */
export function previewCluster(file: string, master: string, home: string): Cluster {
  requireMachineName(master);
  const { cluster, issues } = parseCluster(newClusterText(master), file, home);
  if (cluster === undefined) throw invalidCluster(file, issues);
  return cluster;
}

/**
 * Writes a new cluster file with one master and returns its cluster. Throws USAGE for a name that cannot be a
 * machine's, REFUSED when the file is there already (it is never overwritten).
 */
export async function createCluster(file: string, master: string, home: string): Promise<Cluster> {
  const cluster = previewCluster(file, master, home);
  try {
    await createFile(file, newClusterText(master));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new KbootError('REFUSED', `${file}: is there already and is not overwritten`, {
      cause,
      hint: `list ${master} in it, or name another file with --file`,
    });
  }
  return cluster;
}

/** A cluster with machines that its file may not list yet. */
export interface Addition {
  readonly cluster: Cluster;
  /** What is odd about the file, for a person. */
  readonly warnings: readonly string[];
  /** Writes the machines into the file, keeping its comments and formatting; the file is replaced at once. */
  save(): Promise<void>;
}

/**
 * The cluster with those of `names` added to one list that are not listed yet; nothing is written before save().
 * Throws CONFIG_INVALID for a file that is wrong, before or after the change, and USAGE for a name that cannot be a
 * machine's or that the file lists in the other role.
 */
export async function planAddition(
  file: string,
  list: List,
  names: readonly string[],
  home: string,
): Promise<Addition> {
  const text = await readClusterFile(file);
  const { cluster } = requireValid(file, parseCluster(text, file, home));
  const missing = [...new Set(names)].filter((name) => isMissing(cluster, list, name));
  const edited = missing.reduce((soFar, name) => addMachineText(soFar, list, name), text);
  const added = requireValid(file, parseCluster(edited, file, home));
  return {
    ...added,
    save: async () => {
      if (missing.length > 0) await replaceFile(file, edited);
    },
  };
}

function isMissing(cluster: Cluster, list: List, name: string): boolean {
  const listed = machinesOf(cluster).find((machine) => machine.name === name);
  if (listed === undefined) {
    requireMachineName(name);
    return true;
  }
  if (listed.role === ROLE[list]) return false;
  throw new KbootError(
    'USAGE',
    `${name} is listed as a ${listed.role} in ${cluster.file}, not as a ${ROLE[list]}`,
    {
      hint:
        listed.role === 'master'
          ? `a machine has one role: take ${name} out of masters, or name another machine`
          : `add it with \`kboot join ${name}\``,
    },
  );
}

function requireMachineName(name: string): void {
  const problem = machineNameProblem(name);
  if (problem !== undefined)
    throw new KbootError('USAGE', `"${name}" cannot be the name of a machine: it ${problem}`);
}
