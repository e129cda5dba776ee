import { randomUUID } from 'node:crypto';
import type { Host } from '../host/host.ts';
import { KbootError } from '../lib/errors.ts';
import { applyChange } from './change/apply.ts';
import { buildFiles } from './change/build-files.ts';
import type { Leftovers } from './change/decide.ts';
import { deploymentMessages, displayMessages } from './change/deployment-messages.ts';
import { unpackMissing } from './change/layer-store.ts';
import { askMachine, settleAsked } from './change/plan-deployment.ts';
import { startUnits } from './change/service.ts';
import { NO_SIDE, sideOf, switchFiles } from './change/switch-files.ts';
import type { DeploymentSpec } from './deployment/deployment-spec.ts';
import { deploymentsOf, type FoundDeployments } from './deployment/deployments.ts';
import type { Info } from './deployment/info.ts';
import type { Answers } from './deployment/probe.ts';
import { canBeEnabled } from './deployment/unit.ts';
import { isSame } from './deployment/user-values.ts';
import type { SystemImage } from './image/image.ts';
import { checkName, defaultName } from './machine/names.ts';
import { CHECKOUT_ROOT, DEFAULT_RUNTIME, deploymentPath, unitName } from './machine/paths.ts';

export interface InstallRequest {
  readonly image: SystemImage;
  /** The container; made from the image's name when absent. */
  readonly name?: string;
  /** Variables that the user set. */
  readonly values?: Readonly<Record<string, string>>;
  /** Path of the OCI runtime on the machine; /usr/bin/runc when absent. */
  readonly runtime?: string;
  /** What the machine's bounding set allows; see machineCapabilities(). */
  readonly capabilities: readonly string[];
  /** Folders on the machine which hold blobs as `HEX`, in the order of trying. */
  readonly blobDirs: readonly string[];
  /** A root filesystem on the machine to use instead of the image's; see useRemoteRootfs(). */
  readonly remote?: DeploymentSpec['remote'];
  /** Stops before anything is changed, and tells what would be. */
  readonly display?: boolean;
  /** Directories that are read-only on the machine, of those in MAY_BE_READ_ONLY; none when absent. */
  readonly readOnly?: readonly string[];
}

export interface InstallOptions {
  readonly signal?: AbortSignal;
  /** For texts that have to be the same every time. */
  readonly newUuid?: () => string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

export interface InstallResult {
  /**
   * `unchanged`: the same image with the same values is there already. `present`: another one has the name, and
   * nothing was changed. `displayed`: nothing is installed.
   */
  readonly status: 'installed' | 'unchanged' | 'present' | 'displayed';
  readonly name: string;
  /** Folder of the active deployment. */
  readonly deployment: string;
  /** Image id of the active deployment. */
  readonly revision: string;
  /** What the format says about an install, in its words. */
  readonly messages: readonly string[];
  readonly warnings: readonly string[];
  /** Files, links and directories that were put on the host. */
  readonly created: readonly string[];
  /** Directories for state which tmpfiles made and which stay when the container is uninstalled. */
  readonly stateDirectories: readonly string[];
}

/**
 * Installs a system container: its service is enabled, not started; units of its host files that the manifest
 * names are started. Asks once, then changes. The caller holds the machine's lock.
 *
 * Nothing is left of an install that fails, and what a killed one left is cleared by the next. Throws
 * IMAGE_INVALID for an image that breaks the format's rules, REFUSED when something on the machine is in the
 * way, MISSING_REQUIREMENT without a runtime, COMMAND_FAILED when a step fails on the machine.
 */
export async function installSystemContainer(
  host: Host,
  request: InstallRequest,
  options: InstallOptions = {},
): Promise<InstallResult> {
  const { image, capabilities, values: userValues = {}, readOnly = [] } = request;
  const { runtime = DEFAULT_RUNTIME } = request;
  const { signal, newUuid = randomUUID, now = Date.now } = options;
  const name = request.name ?? defaultName(image.name);
  const root = CHECKOUT_ROOT;
  checkName(name, []);
  if (image.runOnce) {
    throw new KbootError('IMAGE_INVALID', `${image.name} is an image to be run once: it cannot be installed`);
  }

  const spec: DeploymentSpec = {
    ...{ image, name, slot: 0, userValues, uuid: newUuid(), capabilities, runtime },
    ...{ readOnly, remote: request.remote },
  };
  const asked = await askMachine(host, spec, undefined, signal);
  const { deployments } = asked.answers;
  checkName(name, deployments.links.keys());
  const present = await alreadyPresent(host, request, name, asked.answers, signal);
  if (present) return present;

  const settled = settleAsked(spec, asked, {
    leftovers: leftoversOf(deployments, name),
    created: Math.floor(now() / 1000),
  });
  const dir = deploymentPath(root, name, 0);
  const result = {
    ...{ name, deployment: dir, revision: image.id, warnings: asked.rendered.warnings },
    created: settled.hostFiles.map(({ path }) => path),
    stateDirectories: settled.stateDirectories,
  };
  if (request.display)
    return { ...result, status: 'displayed', messages: displayMessages(dir, name, settled) };
  await unpackMissing(host, spec, deployments.layers, request.blobDirs, signal);
  const enable = settled.unit !== undefined && canBeEnabled(settled.unit) ? [unitName(name)] : [];
  const applied = await applyChange(
    host,
    {
      ...{ root, name, slot: 0, active: undefined },
      build: buildFiles(name, image, settled),
      switch: switchFiles({ from: NO_SIDE, to: sideOf(settled), fromDir: '', toDir: dir, enable }),
    },
    signal,
  );
  return {
    ...{ ...result, status: 'installed', messages: deploymentMessages(dir, settled, applied) },
    created: result.created.filter((path) => !applied.existing.includes(path)),
  };
}

/** The result when the name is taken; units that should run and do not are started again. */
async function alreadyPresent(
  host: Host,
  { image, values = {} }: InstallRequest,
  name: string,
  { deployments, activeUnits }: Answers,
  signal: AbortSignal | undefined,
): Promise<InstallResult | undefined> {
  const folder = deployments.links.get(name);
  if (folder === undefined) return undefined;
  const info = deployments.folders.get(folder)?.info;
  const unchanged = info?.revision === image.id && isSame(info['user-values'] ?? {}, values);
  const stopped = image.manifest.units.filter((unit) => !activeUnits.has(unit));
  if (unchanged && stopped.length > 0) await startUnits(host, stopped, signal);
  return {
    status: unchanged ? 'unchanged' : 'present',
    name,
    deployment: `${CHECKOUT_ROOT}/${folder}`,
    revision: info?.revision ?? '',
    messages: [`${name} already present`],
    warnings: [],
    created: [],
    stateDirectories: info?.['state-directories'] ?? [],
  };
}

function leftoversOf(deployments: FoundDeployments, name: string): Leftovers | undefined {
  const found = deploymentsOf(deployments, name);
  if (found.length === 0) return undefined;
  const infos = found.flatMap(({ info }): Info[] => (info ? [info] : []));
  return {
    installed: infos.flatMap((info) => [
      ...Object.entries(info['installed-files-checksum']).map(([path, checksum]) => ({ path, checksum })),
      ...info['state-directories'].map((path) => ({ path, checksum: '0' })),
    ]),
    units: infos.flatMap((info) => info.units),
  };
}
