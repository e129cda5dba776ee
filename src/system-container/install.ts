import { randomUUID } from 'node:crypto';
import type { Host } from '../host/host.ts';
import { KbootError } from '../lib/errors.ts';
import { applyInstall, type Leftovers } from './apply.ts';
import { settle } from './decide.ts';
import { deploymentsOf, type FoundDeployments } from './deployments.ts';
import type { SystemImage } from './image.ts';
import type { Info } from './info.ts';
import { layerName, unpackLayers } from './layer-store.ts';
import { checkName, defaultName } from './names.ts';
import { CHECKOUT_ROOT, deploymentPath } from './paths.ts';
import { type Answers, probe } from './probe.ts';
import { pathsToAsk, type Rendered, render } from './render.ts';
import { startUnits } from './service.ts';

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
   * nothing was changed.
   */
  readonly status: 'installed' | 'unchanged' | 'present';
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
  const { image, capabilities, blobDirs, values: userValues = {}, readOnly = [] } = request;
  const { runtime = '/usr/bin/runc' } = request;
  const { signal, newUuid = randomUUID, now = Date.now } = options;
  const name = request.name ?? defaultName(image.name);
  const root = CHECKOUT_ROOT;
  const layers = image.steps.map(layerName);
  checkName(name, []);

  const common = {
    ...({ image, name, root, slot: 0, userValues, uuid: newUuid(), capabilities } as const),
    ...{ runtime, readOnly },
  };
  // A guess, to learn which paths to ask for; nearly every runtime can do both.
  const guess = render({ ...common, features: { systemdCgroup: true, pidFile: true }, spec: undefined });
  const ask = (rendered: Rendered) =>
    probe(
      host,
      {
        ...{ root, runtime },
        wantsSpec: !image.files['config.json'] && !image.files['config.json.template'],
        units: image.manifest.units,
        paths: pathsToAsk(rendered, name),
      },
      signal,
    );
  let answers = await ask(guess);
  checkName(name, answers.deployments.links.keys());
  const present = await alreadyPresent(host, request, name, answers, signal);
  if (present) return present;

  const rendered = render({ ...common, features: featuresOf(answers, request, runtime), spec: answers.spec });
  if (pathsToAsk(rendered, name).some((path) => !answers.states.has(path))) answers = await ask(rendered);
  const settled = settle({
    ...{ image, name, userValues, runtime, rendered, layers },
    states: answers.states,
    leftovers: leftoversOf(answers.deployments, name),
    created: Math.floor(now() / 1000),
  });
  const stored = answers.deployments.layers;
  if (stored.size === 0 || layers.some((layer) => !stored.has(layer))) {
    await unpackLayers(host, image.steps, { root, blobDirs, signal });
  }
  const late = await applyInstall(host, { ...settled, root, name, steps: image.steps }, signal);
  const existing = [...settled.existing, ...late];
  const created = settled.hostFiles.filter(({ path }) => !late.includes(path));
  return {
    status: 'installed',
    name,
    deployment: deploymentPath(root, name, 0),
    revision: image.id,
    messages: [
      `Extracting to ${deploymentPath(root, name, 0)}`,
      ...existing.map((path) => `File ${path} already exists`),
      ...created.flatMap(({ kind, path }) => (kind === 'directory' ? [] : [`Created file ${path}`])),
    ],
    warnings: rendered.warnings,
    created: created.map(({ path }) => path),
    stateDirectories: settled.stateDirectories,
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

function isSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
  );
}

/** An image without a service may bring the very runtime that others need. */
function featuresOf({ runtime }: Answers, { image }: InstallRequest, path: string) {
  if (runtime) return runtime;
  if (image.manifest.noContainerService) return { systemdCgroup: false, pidFile: false };
  throw new KbootError(
    'MISSING_REQUIREMENT',
    `Cannot install the container: the runtime ${path} is not installed`,
    {
      hint: 'install node-runtime first, or name another runtime',
    },
  );
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
