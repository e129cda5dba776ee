import { mkdir, mkdtemp, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from 'node:process';
import { execa } from 'execa';
import { beforeAll, inject } from 'vitest';
import { buildBundle, DEFAULT_KUBERNETES } from '../../src/bundle/build/build.ts';
import type { Bundle } from '../../src/bundle/open.ts';
import { execOnMachine, type Lab, type LabContext, labUp } from '../../src/lab/lab.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { waitUntil } from '../../src/lib/wait-until.ts';
import { CACHE_HOME, kbootOk } from './kboot-process.ts';
import type { TestLab } from './lab.ts';

const MINUTE = 60_000;

/** Time for the default bundle to be built from nothing, and a cluster on a busy machine. */
export const CLUSTER_TIMEOUT_MS = 60 * MINUTE;

export const MASTER = 'master.example.com';
export const NODES = ['node1.example.com', 'node2.example.com'] as const;
export const MACHINES = [MASTER, ...NODES] as const;

/** The default bundle, built where it is not there yet. */
export const defaultBundle = (): Promise<Bundle> =>
  buildBundle({
    kubernetes: DEFAULT_KUBERNETES,
    source: 'modules',
    cacheDir: join(CACHE_HOME, 'kboot'),
    onProgress: () => {},
  });

/** Runs a script as root on a machine of a lab, without ssh: what is looked at is not changed by looking. */
export function on(lab: Lab, machine: string, text: string, ...args: string[]): Promise<string> {
  return execOnMachine(lab, machine, ['sh', '-c', text, 'test', ...args]);
}

/** Runs the bundle's own kubectl here, with the kubeconfig that kboot wrote beside kboot.yaml. */
export async function kubectl(folder: string, args: readonly string[], input = ''): Promise<string> {
  const path = await kubectlProgram();
  const { stdout } = await execa(path, ['--kubeconfig', join(folder, 'kubeconfig'), ...args], { input });
  return stdout;
}

/** The same, parsed. */
export const kubectlJson = async (folder: string, ...args: string[]) =>
  JSON.parse(await kubectl(folder, [...args, '-o', 'json']));

let unpackedKubectl: Promise<string> | undefined;

/** Path of the bundle's kubectl, unpacked with the rest of its image once for all suites. */
export function kubectlProgram(): Promise<string> {
  unpackedKubectl ??= unpackKubectl();
  return unpackedKubectl;
}

async function unpackKubectl(): Promise<string> {
  const { folder } = inject('e2e');
  const image = join(folder, 'kubelet-image');
  const program = join(image, 'usr/bin/kubectl');
  const isThere = await stat(program).then(
    () => true,
    () => false,
  );
  if (isThere) return program;
  const { lock, blobPath } = await defaultBundle();
  const unpacked = await mkdtemp(join(folder, 'unpacked-'));
  for (const { digest } of lock.images.find(({ name }) => name.startsWith('kboot/kubelet:'))?.layers ?? [])
    await execa('tar', ['-xzf', blobPath(digest), '-C', unpacked]);
  await rename(unpacked, image);
  return program;
}

/** Waits until something is true, asking twice a second. */
export const eventually = <T>(what: string, ask: () => Promise<T | undefined>, timeoutMs = 2 * MINUTE) =>
  waitUntil(what, ask, { clock: systemClock, timeoutMs, everyMs: 500 });

/**
 * The cluster of one master and two nodes which suites that do no harm share: the first one to come makes it, the
 * others find that there is nothing to do.
 */
export function useSharedCluster(): TestLab {
  const folder = () => join(inject('e2e').folder, 'shared');
  const context = (): LabContext => ({
    env: { ...env, XDG_STATE_HOME: inject('e2e').folder },
    home: inject('e2e').folder,
  });
  let lab: Lab | undefined;
  beforeAll(async () => {
    await mkdir(folder(), { recursive: true });
    await defaultBundle();
    lab = await labUp({ name: inject('e2e').lab, clusterFile: join(folder(), 'kboot.yaml') }, context());
    await kbootOk(folder(), 'init', MASTER);
    await kbootOk(folder(), 'join', '--all');
  }, CLUSTER_TIMEOUT_MS);
  return {
    get lab() {
      if (lab === undefined) throw new Error('the cluster is there only inside tests and hooks');
      return lab;
    },
    get folder() {
      return folder();
    },
    get context() {
      return context();
    },
  };
}

/** The text of a file in a folder of a test. */
export const read = (folder: string, name: string): Promise<string> => readFile(join(folder, name), 'utf8');
