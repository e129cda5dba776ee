import type { Facts } from '../facts/facts.ts';
import { script } from '../host/command.ts';
import type { Host } from '../host/host.ts';

/** Kernel modules that containers need, in the order of loading. */
const NEEDED = ['overlay', 'br_netfilter'] as const;

/** Those that come with them. What uses another stands before it, as modules are unloaded. */
const LOADED_WITH_THEM = ['br_netfilter', 'bridge', 'stp', 'llc', 'overlay'] as const;

const isAbsent =
  ({ kernelModules }: Facts) =>
  (name: string): boolean =>
    kernelModules[name] === 'absent';

/** Modules to load now and at boot. Those built into the kernel have no name that could be loaded. */
export const modulesToLoad = (facts: Facts): readonly string[] => NEEDED.filter(isAbsent(facts));

/** Of a machine that kboot has not changed yet: the modules that will be there because of the cluster. */
export const modulesOfCluster = (facts: Facts): readonly string[] => LOADED_WITH_THEM.filter(isAbsent(facts));

/**
 * Arguments are modules. Unloads them one by one, by rmmod: modprobe would take others along which were there before.
 * What is in use, or is not needed by a file of the kernel's or of somebody else's, stays, and is printed: `kept TAB
 * MODULE TAB WHY`. The kernel does not count who looks at bridges through br_netfilter, so that stays while there is a
 * bridge. A container shares the kernel with others, and loads and unloads nothing.
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
  elif [ "$module" = br_netfilter ] && ls -d /sys/class/net/*/bridge > /dev/null 2>&1; then why="there are bridges"
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
    return kind === 'kept' ? [`the kernel module ${module} stays loaded: ${why}`] : [];
  });
}
