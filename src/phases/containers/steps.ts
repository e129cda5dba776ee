import type { Host } from '../../host/host.ts';
import { KbootError } from '../../lib/errors.ts';
import {
  activateSystemContainer,
  type Garbage,
  type InstallResult,
  installSystemContainer,
  machineCapabilities,
  pruneSystemContainers,
  type RollbackResult,
  rollbackSystemContainer,
  runOnce,
  type SystemImage,
  startSystemContainer,
  type UninstallResult,
  type UpdateResult,
  uninstallSystemContainer,
  updateSystemContainer,
  useRemoteRootfs,
} from '../../system-container/index.ts';
import { BLOB_DIRS, runcPath } from '../install-container.ts';
import { everywhere, no, type Phase, type Subject, yes } from '../phase.ts';
import type { ImageOf } from './send-image.ts';

/** Where a step leaves what came of it, by machine. */
export type Results<T> = Map<Subject, T>;

const has = (name: string) => (subject: Subject) =>
  subject.containers.some((container) => container.name === name);

const decideInstalled = (name: string) => (subject: Subject) =>
  has(name)(subject) ? yes(`${name} is installed`) : no(`${name} is not installed`);

export interface InstallSettings {
  readonly name: string;
  readonly imageOf: ImageOf;
  readonly valuesOf: (subject: Subject) => Readonly<Record<string, string>>;
  readonly runtime?: string | undefined;
  /** A root filesystem on the machine to use. */
  readonly rootfs?: string | undefined;
  /** Only says what would be installed. */
  readonly display: boolean;
  readonly start: boolean;
}

/** What came of an install: of an image that is run once, its exit status. */
export type Installed = Pick<InstallResult, 'name' | 'messages'> & {
  readonly status: InstallResult['status'] | 'ran';
  readonly exitCode?: number;
};

/** Installs a container, or runs an image that wants to be run once. */
export function installStep(settings: InstallSettings, results: Results<Installed>): Phase {
  const { name, imageOf, valuesOf, rootfs, display, start } = settings;
  return {
    id: 'install',
    title: `Install ${name}`,
    on: everywhere,
    after: ['send-image'],
    decide: (subject) =>
      has(name)(subject) ? yes('it is there: whether as asked is seen') : yes('not installed'),
    async run({ host, subject, signal, warn }) {
      const opened = imageOf(subject);
      if (!opened) return;
      const values = valuesOf(subject);
      const runtime = settings.runtime ?? runcPath(subject.facts);
      const common = { name, runtime, values, ...ofMachine(subject) };
      if (opened.image.runOnce) {
        const { exitCode, stdout, stderr, warnings } = await runOnce(
          host,
          { image: opened.image, ...common },
          signal,
        );
        for (const text of [...warnings, ...linesOf(stderr)]) warn(text);
        results.set(subject, { status: 'ran', name, exitCode, messages: linesOf(stdout) });
        return;
      }
      const { image, remote } = await rootfsOf(host, opened.image, rootfs, signal);
      const result = await installSystemContainer(host, { image, ...common, remote, display }, { signal });
      for (const warning of result.warnings) warn(warning);
      const messages = remote?.inFolder
        ? [`The remote rootfs for this container is set to be ${remote.rootfs}`, ...result.messages]
        : result.messages;
      results.set(subject, { ...result, messages });
      if (start && !display && !image.manifest.noContainerService)
        await startSystemContainer(host, name, signal);
    },
  };
}

/** What the engine must know of a machine. */
const ofMachine = ({ facts }: Subject) => ({
  capabilities: machineCapabilities(facts.capabilityBounds),
  readOnly: facts.readOnly,
  blobDirs: BLOB_DIRS,
});

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

async function rootfsOf(host: Host, image: SystemImage, given: string | undefined, signal: AbortSignal) {
  return given === undefined ? { image, remote: undefined } : useRemoteRootfs(host, image, given, signal);
}

export interface UpdateSettings {
  readonly name: string;
  readonly imageOf: ImageOf;
  readonly values: Readonly<Record<string, string>>;
  readonly runtime?: string | undefined;
}

/** Builds the deployment that an update switches to. */
export function prepareStep(settings: UpdateSettings, results: Results<UpdateResult>): Phase {
  const { name, imageOf, values, runtime } = settings;
  return {
    id: 'prepare',
    title: `Prepare the update of ${name}`,
    on: everywhere,
    after: ['send-image'],
    decide: decideInstalled(name),
    async run({ host, subject, signal, warn }) {
      const opened = imageOf(subject);
      if (!opened) return;
      const given = subject.containers.find((container) => container.name === name)?.remote;
      const { image, remote } = await rootfsOf(host, opened.image, given, signal);
      const result = await updateSystemContainer(
        host,
        {
          ...{ image, remote, name, values, runtime, prepareOnly: true },
          ...ofMachine(subject),
        },
        { signal },
      );
      for (const warning of result.warnings) warn(warning);
      results.set(subject, result);
    },
  };
}

/** Switches to what is prepared; where an update found nothing to do, nothing is done. */
export function activateStep(
  name: string,
  prepared: Results<UpdateResult> | undefined,
  results: Results<UpdateResult>,
): Phase {
  return {
    id: 'activate',
    title: `Switch ${name}`,
    on: (subject) => has(name)(subject),
    after: [],
    decide: (subject) => {
      if (prepared === undefined) return decideInstalled(name)(subject);
      return prepared.get(subject)?.status === 'prepared'
        ? yes('the other deployment is prepared')
        : no('nothing to switch to');
    },
    async run({ host, subject, signal }) {
      results.set(subject, await activateSystemContainer(host, name, signal));
      await pruneSystemContainers(host, { layersOnly: true, signal });
    },
  };
}

/** Switches back to the former deployment. */
export function rollbackStep(name: string, results: Results<RollbackResult>): Phase {
  return {
    id: 'rollback',
    title: `Roll ${name} back`,
    on: (subject) => has(name)(subject),
    after: [],
    decide: decideInstalled(name),
    async run({ host, subject, signal }) {
      results.set(subject, await rollbackSystemContainer(host, name, signal));
    },
  };
}

/** Uninstalls a container. */
export function uninstallStep(name: string, force: boolean, results: Results<UninstallResult>): Phase {
  return {
    id: 'uninstall-container',
    title: `Uninstall ${name}`,
    on: everywhere,
    after: [],
    // A container whose link is lost is listed by its folders.
    decide: (subject) =>
      [name, `${name}.0`, `${name}.1`].some((folder) => has(folder)(subject))
        ? yes(`${name} is installed`)
        : no(`${name} is not installed`),
    async run({ host, subject, signal }) {
      if (subject.ledger && CLUSTER_PARTS.includes(name) && !force) {
        throw new KbootError('REFUSED', `${host.name}: the cluster on it cannot do without ${name}`, {
          host: host.name,
          hint: 'kboot reset takes a machine out of its cluster; --force uninstalls it all the same',
        });
      }
      results.set(subject, await uninstallSystemContainer(host, name, signal));
    },
  };
}

const CLUSTER_PARTS = ['node-runtime', 'etcd', 'kubelet'];

/** Deletes layers and deployments that nobody needs. */
export function pruneStep(results: Results<Garbage & { readonly messages: readonly string[] }>): Phase {
  return {
    id: 'prune',
    title: 'Delete what no container needs',
    on: everywhere,
    after: [],
    decide: () => yes('whatever no deployment is made of'),
    async run({ host, subject, signal }) {
      const garbage = await pruneSystemContainers(host, { signal });
      const messages = [...garbage.deployments, ...garbage.layers].map((what) => `Deleting ${what}`);
      results.set(subject, { ...garbage, messages });
    },
  };
}
