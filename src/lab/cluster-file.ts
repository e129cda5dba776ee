import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import type { LabMachine, LabRecord } from './state.ts';

/** The text of a kboot.yaml for the machines of a lab. `sshConfig` is the lab's own ssh_config. */
export function clusterFileText(lab: string, machines: readonly LabMachine[], sshConfig: string): string {
  const listed = (role: LabMachine['role']) =>
    machines.filter((machine) => machine.role === role).map(({ name, address }) => ({ name, address }));
  const nodes = listed('node');
  return stringify({
    apiVersion: 'kboot/v1',
    kind: 'Cluster',
    name: lab,
    ssh: { config: sshConfig, hostKeys: 'strict' },
    masters: listed('master'),
    ...(nodes.length > 0 && { nodes }),
  });
}

/** What became of the cluster file: `kept` is someone else's, or one that was changed since. */
export type Written = 'written' | 'unchanged' | 'kept';

/**
 * Writes the cluster file where there is none, or where there is one that `lab up` wrote and nobody changed
 * (`former`, from the lab's record). Any other is kept.
 */
export async function writeClusterFile(
  path: string,
  text: string,
  former: LabRecord['clusterFile'],
): Promise<Written> {
  const present = await readIfThere(path);
  if (present === text) return 'unchanged';
  if (present !== undefined && !isUnmodified(path, present, former)) return 'kept';
  await writeFile(path, text);
  return 'written';
}

/** Removes the cluster file that `lab up` wrote, unless it was changed since. Tells whether it is still there. */
export async function removeClusterFile(former: LabRecord['clusterFile']): Promise<'removed' | 'kept'> {
  if (former === undefined) return 'removed';
  const present = await readIfThere(former.path);
  if (present === undefined) return 'removed';
  if (!isUnmodified(former.path, present, former)) return 'kept';
  await rm(former.path);
  return 'removed';
}

/** The SHA-256 of a text, in hexadecimal digits. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function isUnmodified(path: string, present: string, former: LabRecord['clusterFile']): boolean {
  return former?.path === path && former.sha256 === sha256(present);
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
