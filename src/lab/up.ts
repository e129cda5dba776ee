import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { arch } from 'node:os';
import type { UserPlaces } from '../lib/base-directories.ts';
import { exists } from '../lib/exists.ts';
import { clusterFileText, sha256, type Written, writeClusterFile } from './cluster-file.ts';
import { onEachMachine } from './each-machine.ts';
import type { LabAccess } from './exec.ts';
import { ensureImage } from './image.ts';
import { kindOf } from './kind.ts';
import { admitUser, ensureStarted } from './machine.ts';
import { addressIn, checkLabName, DEFAULT_LAB, networkName } from './names.ts';
import { inspectNetwork, listContainers, listNames, podmanChange } from './podman.ts';
import { createNetworkArguments } from './podman-arguments.ts';
import { ensureRequirements, requireProcessor, requireRoot } from './requirements.ts';
import { run } from './run.ts';
import { settle, type WantedOptions } from './settle.ts';
import { type KnownMachine, knownHostsText, sshConfigText } from './ssh-files.ts';
import { type LabFolder, type LabRecord, labFolder, readLabRecord, writeLabRecord } from './state.ts';

/** The world around a lab. */
export interface LabContext extends UserPlaces {
  readonly onProgress?: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface LabUpRequest {
  readonly name?: string;
  /** Default: as the lab has already, else 1. */
  readonly masters?: number;
  /** Default: as the lab has already, else 2. */
  readonly nodes?: number;
  /** Install missing Debian packages on this machine. */
  readonly install?: boolean;
  /** Absolute path of the kboot.yaml to write; none is written when absent. */
  readonly clusterFile?: string;
  /** What makes its machines different from the usual; default: as the lab has already, else root, sh, one network. */
  readonly options?: WantedOptions;
}

/** A lab that is up. */
export interface Lab extends LabAccess {
  readonly machines: readonly KnownMachine[];
  /** `10.89.0.0/24` */
  readonly subnet: string;
  /** Machines that this run made or started. */
  readonly started: readonly string[];
  /** The cluster file's text, and what became of it when one was asked for. */
  readonly clusterFile: { readonly text: string; readonly written: Written | undefined };
}

/**
 * Brings a lab up: makes what is missing, starts what is stopped, leaves what runs. After a failure or Ctrl-C,
 * the next call goes on. Resolves when every machine lets its user in by ssh.
 */
export async function labUp(request: LabUpRequest, context: LabContext): Promise<Lab> {
  const { name = DEFAULT_LAB, install = false } = request;
  const { env, signal, onProgress = () => {} } = context;
  checkLabName(name);
  requireRoot();
  await ensureRequirements({ path: env['PATH'] ?? '', install, onProgress, signal });
  const files = labFolder(name, context);
  const former = await readLabRecord(files);
  const { planned, options } = settle(request, former);
  if (options.virtual !== undefined) requireProcessor(arch());
  const image = await ensureImage({ options, onProgress, signal });
  const publicKey = await ensureKey(files, signal);
  const { subnet, gateway } = await ensureNetwork(name, signal);
  const machines = planned.map(({ name, role, number }) => ({
    name,
    role,
    address: addressIn(subnet, number),
  }));
  const record: LabRecord = {
    ...{ apiVersion: 'kboot/v1', kind: 'Lab', name, image, subnet, machines, options },
    ...(former?.clusterFile && { clusterFile: former.clusterFile }),
  };
  await writeLabRecord(files, record);
  const recipe = { lab: name, image, options, gateway, publicKey };
  const states = new Map(
    (await listContainers(name, signal)).map(({ machine, state }) => [machine, state] as const),
  );
  const started = machines
    .filter((machine) => states.get(machine.name) !== 'running')
    .map(({ name }) => name);
  if (started.length > 0) onProgress(`starting ${started.join(', ')}`);
  const running = await onEachMachine(name, machines, signal, (machine) =>
    ensureStarted(machine, recipe, states.get(machine.name), signal),
  );
  await writeFile(files.knownHosts, knownHostsText(running), { mode: 0o600 });
  await writeFile(files.sshConfig, sshConfigText(machines, options.user, files), { mode: 0o600 });
  const access = { name, kind: kindOf(options), files };
  await onEachMachine(name, running, signal, (machine) => admitUser(access, machine, recipe, signal));
  const known = running.map(({ isNew: _, ...machine }) => machine);
  const text = clusterFileText(name, machines, files.sshConfig);
  const written = await settleClusterFile(request.clusterFile, text, files, record);
  return { ...access, machines: known, subnet, started, clusterFile: { text, written } };
}

async function ensureKey(files: LabFolder, signal: AbortSignal | undefined): Promise<string> {
  await mkdir(files.folder, { recursive: true, mode: 0o700 });
  if (!(await exists(files.key)))
    await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'kboot lab', '-f', files.key], {
      signal,
    });
  return (await readFile(`${files.key}.pub`, 'utf8')).trim();
}

async function ensureNetwork(lab: string, signal: AbortSignal | undefined) {
  const networks = await listNames('network', lab, signal);
  if (networks.length === 0) await podmanChange(createNetworkArguments(lab), signal);
  return inspectNetwork(networkName(lab), signal);
}

async function settleClusterFile(
  path: string | undefined,
  text: string,
  files: LabFolder,
  record: LabRecord,
): Promise<Written | undefined> {
  if (path === undefined) return undefined;
  const written = await writeClusterFile(path, text, record.clusterFile);
  if (written === 'written')
    await writeLabRecord(files, { ...record, clusterFile: { path, sha256: sha256(text) } });
  return written;
}
