import type { Facts } from '../facts/facts.ts';
import { BRIDGE_MODULES, CONNTRACK, CONNTRACK_MODULES, NEEDED_MODULES } from '../facts/kernel-modules.ts';
import { script } from '../host/command.ts';
import type { Host } from '../host/host.ts';

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

/**
 * Arguments are modules. Unloads them one by one, by rmmod: modprobe would take others along which were there before.
 * What is in use, or is not needed by a file of the kernel's or of somebody else's, stays, and is printed: `kept TAB
 * MODULE TAB WHY`. The kernel counts neither bridges nor who looks at them through br_netfilter, so these stay while there
 * is a bridge; nor who listens to connections. A container shares the kernel with others, and loads and unloads nothing.
 */
const UNLOAD = `
if systemd-detect-virt --quiet --container; then exit 0; fi
is_wanted() {
  grep -qsxE "[[:space:]]*$(echo "$1" | sed 's/[-_]/[-_]/g')[[:space:]]*" /etc/modules /etc/modules-load.d/*.conf \\
    /run/modules-load.d/*.conf /usr/local/lib/modules-load.d/*.conf /usr/lib/modules-load.d/*.conf
}
for module do
  grep -qs "^$module " /proc/modules || continue
  why=
  if is_wanted "$module"; then why="it is to be loaded at boot"
  elif { [ "$module" = br_netfilter ] || [ "$module" = bridge ]; } && ls -d /sys/class/net/*/bridge > /dev/null 2>&1; then
    why="there are bridges"
  elif [ "$module" = nf_conntrack_netlink ] && grep -qsE '^[0-9a-f]+ +12 +[0-9]+ +0*[1-9a-f]' /proc/net/netlink; then
    why="a program listens to it"
  elif ! command -v rmmod > /dev/null; then why="there is no rmmod"
  else why=$(rmmod "$module" 2>&1) || why=\${why:-"rmmod failed"}
    grep -qs "^$module " /proc/modules || why=
  fi
  if [ -n "$why" ]; then printf 'kept\\t%s\\t%s\\n' "$module" "$(echo "$why" | tail -n 1 | tr '\\t' ' ')"; fi
done
`;

/** Unloads what was loaded for the cluster and nobody else uses. Resolves with a sentence about each that stays. */
export async function unloadModules(
  host: Host,
  modules: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (modules.length === 0) return [];
  const { stdout } = await host.change({ ...script(UNLOAD, ...modules), sudo: true }, signal);
  return stdout.split('\n').flatMap((line) => {
    const [kind, module = '', why = ''] = line.split('\t');
    return kind === 'kept' && !STAY_SILENTLY.includes(module)
      ? [`the kernel module ${module} stays loaded: ${why}`]
      : [];
  });
}
