import type { Host } from '../host/host.ts';
import { remoteScript } from '../host/remote-script.ts';
import { recoverSwitch } from './change/apply.ts';
import { findDeployments } from './change/installed.ts';
import { deploymentsOf, type FoundDeployment, type FoundDeployments } from './deployment/deployments.ts';
import { removalList } from './host-file/tracked-file.ts';
import { CHECKOUT_ROOT, tmpfilesPath, unitPath } from './machine/paths.ts';
import { unusedLayers } from './prune.ts';

export interface UninstallResult {
  /** `absent`: there was no such container. */
  readonly status: 'uninstalled' | 'absent';
  readonly name: string;
  /** Host files that were changed since the install: they stay. */
  readonly kept: readonly string[];
  /** Directories of the install that hold something of others. The last uninstall that finds one empty takes it. */
  readonly occupied: readonly string[];
  /** Directories of the container's own state: they stay. */
  readonly stateDirectories: readonly string[];
  /** What the format says about it, in its words. */
  readonly messages: readonly string[];
}

const UNINSTALL_TIMEOUT_MS = 10 * 60 * 1000;

/**
 * Takes a container off a machine: its service, units, tmpfiles, unmodified host files, deployments, and layers
 * that no other container uses. Its state stays. A container whose link or info is lost is removed as well.
 */
export async function uninstallSystemContainer(
  host: Host,
  name: string,
  signal?: AbortSignal,
): Promise<UninstallResult> {
  const root = CHECKOUT_ROOT;
  let found = await findDeployments(host, signal);
  if (found.interrupted.has(name)) {
    // What cannot be put right goes with the container.
    await recoverSwitch(host, root, name, signal).catch(() => signal?.throwIfAborted());
    found = await findDeployments(host, signal);
  }
  const deployments = deploymentsOf(found, name);
  if (!found.links.has(name) && deployments.length === 0) {
    return { status: 'absent', name, kept: [], occupied: [], stateDirectories: [], messages: [] };
  }
  const infos = answerable(found, name, deployments).flatMap(({ info }) => (info ? [info] : []));
  const stateDirectories = infos.flatMap((info) => info['state-directories']);
  const installed = infos.flatMap((info) => Object.entries(info['installed-files-checksum']));
  const list = [...installed, ...stateDirectories.map((path) => [path, '0'] as const)];
  const units = infos.flatMap((info) => info.units);
  const gone = unusedLayers(
    found,
    deployments.map(({ folder }) => folder),
  );
  const { stdout } = await host.change(
    {
      ...remoteScript(
        'system-container/uninstall',
        ...[root, name, unitPath(name), tmpfilesPath(name)],
        ...[units.join(' '), gone.join(' ')],
      ),
      stdin: removalList(list.map(([path, checksum]) => ({ path, checksum }))),
      sudo: true,
      timeoutMs: UNINSTALL_TIMEOUT_MS,
    },
    signal,
  );
  const named = (key: string) =>
    stdout.split('\n').flatMap((line) => (line.startsWith(key) ? [line.slice(key.length)] : []));
  const kept = named('modified\t');
  const occupied = named('occupied\t');
  return {
    status: 'uninstalled',
    name,
    kept,
    occupied: occupied.filter((path) => !stateDirectories.includes(path)),
    stateDirectories: occupied.filter((path) => stateDirectories.includes(path)),
    messages: kept.map((path) => `Will not delete ${path} as it was manually modified.`),
  };
}

/** The deployment whose files are on the host: the active one, or whatever an install that failed has left. */
function answerable(
  { links, folders }: FoundDeployments,
  name: string,
  all: readonly FoundDeployment[],
): readonly FoundDeployment[] {
  const active = folders.get(links.get(name) ?? '');
  return active?.info ? [active] : all;
}
