import type { Facts } from '../facts/facts.ts';
import { BRIDGE_MODULES, CONNTRACK, CONNTRACK_MODULES, NEEDED_MODULES } from '../facts/kernel-modules.ts';
import type { Host } from '../host/host.ts';
import { remoteScript } from '../host/remote-script.ts';

/** What comes with the cluster. What uses another stands before it, as modules are unloaded. */
const OF_CLUSTER = ['br_netfilter', ...BRIDGE_MODULES, 'overlay', ...CONNTRACK_MODULES] as const;

/** Modules that stay because others use them, and nothing comes of it that would have to be told. */
const STAY_SILENTLY: readonly string[] = CONNTRACK_MODULES.filter((name) => name !== CONNTRACK);

const isAbsent =
  ({ kernelModules }: Facts) =>
  (name: string): boolean =>
    kernelModules[name] === 'absent';

/** Modules to load now and at boot. Those built into the kernel have no name that could be loaded. */
export const modulesToLoad = (facts: Facts): readonly string[] => NEEDED_MODULES.filter(isAbsent(facts));

/** Of a machine that kboot has not changed yet: the modules that will be there because of the cluster. */
export const modulesOfCluster = (facts: Facts): readonly string[] => OF_CLUSTER.filter(isAbsent(facts));

/** Unloads what was loaded for the cluster and nobody else uses. Resolves with a sentence about each that stays. */
export async function unloadModules(
  host: Host,
  modules: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (modules.length === 0) return [];
  const { stdout } = await host.change(
    { ...remoteScript('phases/unload-modules', ...modules), sudo: true },
    signal,
  );
  return stdout.split('\n').flatMap((line) => {
    const [kind, module = '', why = ''] = line.split('\t');
    return kind === 'kept' && !STAY_SILENTLY.includes(module)
      ? [`the kernel module ${module} stays loaded: ${why}`]
      : [];
  });
}
