import { mkdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { stateDirectory, type UserPlaces } from '../lib/base-directories.ts';
import { KbootError } from '../lib/errors.ts';
import { LEAST_MEMORY, SUITES } from './kind.ts';

/** What can be a name everywhere: in a file of ssh's, a path, an argument. */
const plain = z.string().regex(/^\w[\w.:@/-]*$/);

const machine = z.strictObject({
  name: plain,
  role: z.enum(['master', 'node', 'bastion']),
  address: z.ipv4(),
});

/** `lab.json`: what `lab up` decided, so that the next `lab up` goes on with it. */
const LabRecord = z.strictObject({
  apiVersion: z.literal('kboot/v1'),
  kind: z.literal('Lab'),
  name: plain,
  image: plain,
  subnet: z.cidrv4(),
  machines: z.array(machine),
  /** How its users reach the machines, and what else makes them different from the usual. */
  options: z.strictObject({
    user: plain,
    sudo: z.boolean(),
    shell: z.enum(['sh', 'fish']),
    tmpNoexec: z.boolean(),
    bastion: z.boolean(),
    varSize: plain.optional(),
    /** Machines whose /usr is read-only. */
    imageBased: z.boolean().default(false),
    /** Machines with a kernel of their own: the Debian release, MiB of memory, processors, and the size of the disk. */
    virtual: z
      .strictObject({
        suite: z.enum(SUITES),
        memory: z.int().min(LEAST_MEMORY),
        cpus: z.int().min(1),
        disk: z.string(),
      })
      .optional(),
  }),
  /** The cluster file that `lab up` wrote, and the SHA-256 of what it wrote. */
  clusterFile: z.strictObject({ path: z.string().regex(/^[^\0]+$/), sha256: plain }).optional(),
});

export type LabRecord = Readonly<z.output<typeof LabRecord>>;
export type LabMachine = LabRecord['machines'][number];
export type LabOptions = LabRecord['options'];
export type VirtualMachine = NonNullable<LabOptions['virtual']>;

/** Where a lab keeps its files. */
export interface LabFolder {
  readonly folder: string;
  readonly record: string;
  readonly key: string;
  readonly knownHosts: string;
  readonly sshConfig: string;
}

/** The files of the lab with this name. */
export function labFolder(name: string, places: UserPlaces): LabFolder {
  const folder = join(stateDirectory(places), 'labs', name);
  return {
    folder,
    record: join(folder, 'lab.json'),
    key: join(folder, 'id_ed25519'),
    knownHosts: join(folder, 'known_hosts'),
    sshConfig: join(folder, 'ssh_config'),
  };
}

/** The record of a lab, undefined when there is none. Throws CONFIG_INVALID for a file that kboot did not write. */
export async function readLabRecord({ record }: LabFolder): Promise<LabRecord | undefined> {
  const text = await readFile(record, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw invalid(record, error);
  });
  if (text === undefined) return undefined;
  try {
    return LabRecord.parse(JSON.parse(text));
  } catch (cause) {
    throw invalid(record, cause);
  }
}

const invalid = (record: string, cause: unknown): KbootError =>
  new KbootError('CONFIG_INVALID', `${record}: not the record of a lab`, {
    cause,
    hint: 'kboot lab down (with --name NAME for a lab of another name), then kboot lab up',
  });

/** Writes the record of a lab, whole or not at all. */
export async function writeLabRecord(files: LabFolder, record: LabRecord): Promise<void> {
  await mkdir(files.folder, { recursive: true, mode: 0o700 });
  const draft = `${files.record}.new`;
  await writeFile(draft, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
  await rename(draft, files.record);
}

/** Removes a lab's folder, and the folders above that kboot made, when nothing else is in them. */
export async function removeLabFolder({ folder }: LabFolder): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (const parent of [dirname(folder), dirname(dirname(folder))]) {
    const removed = await rmdir(parent).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}
