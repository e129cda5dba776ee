/**
 * What decides on a machine whether its runtime takes a config.json. What is undefined is not known: nothing is left
 * out for its sake.
 */
export interface SpecFacts {
  /** Version of the cgroup hierarchy at /sys/fs/cgroup. */
  readonly cgroup?: 1 | 2 | undefined;
  /** Controllers that the machine has there, by the kernel's names (`memory`, `io`, `blkio`). */
  readonly controllers?: ReadonlySet<string> | undefined;
  readonly selinux?: boolean | undefined;
  readonly apparmor?: boolean | undefined;
  /** Profiles of AppArmor that are loaded. */
  readonly profiles?: ReadonlySet<string> | undefined;
  /** By the names that config.json has for them. */
  readonly namespaces?: ReadonlySet<string> | undefined;
  /** Hard limits of systemd itself, by the names of config.json; Infinity for none. */
  readonly hardLimits?: ReadonlyMap<string, number> | undefined;
  /** fs.nr_open: nobody can allow more open files. */
  readonly openFiles?: number | undefined;
  readonly oomScoreAdj?: number | undefined;
  /** Sizes of huge pages as config.json writes them: `2MB`, `1GB`. */
  readonly hugePages?: ReadonlySet<string> | undefined;
  /** Block devices, `8:0`. */
  readonly blockDevices?: ReadonlySet<string> | undefined;
  /** Whether cgroups have a weight for block devices. */
  readonly ioWeight?: boolean | undefined;
  /** Whether cgroups have a limit for swap. */
  readonly swapLimit?: boolean | undefined;
  readonly resctrl?: boolean | undefined;
  /** What the runtime can filter; `none`: it was built without seccomp. */
  readonly seccomp?: SeccompFacts | 'none' | undefined;
  /** The runtime is told to let systemd make cgroups. */
  readonly systemdCgroup?: boolean | undefined;
  /** Paths that config.json names and that do not exist. */
  readonly absent?: ReadonlySet<string> | undefined;
  /** Those of them which neither the image nor its tmpfiles bring. */
  readonly nobodys?: ReadonlySet<string> | undefined;
}

interface SeccompFacts {
  readonly actions: ReadonlySet<string>;
  readonly operators: ReadonlySet<string>;
  readonly archs: ReadonlySet<string>;
}

/** config.json's names of what /proc/self/ns calls otherwise. */
const NAMESPACES: Readonly<Record<string, string>> = { mnt: 'mount', net: 'network' };

/** Lines of /proc/PID/limits, by the names of config.json. */
const LIMITS: Readonly<Record<string, string>> = {
  'cpu time': 'RLIMIT_CPU',
  'file size': 'RLIMIT_FSIZE',
  'data size': 'RLIMIT_DATA',
  'stack size': 'RLIMIT_STACK',
  'core file size': 'RLIMIT_CORE',
  'resident set': 'RLIMIT_RSS',
  processes: 'RLIMIT_NPROC',
  'open files': 'RLIMIT_NOFILE',
  'locked memory': 'RLIMIT_MEMLOCK',
  'address space': 'RLIMIT_AS',
  'file locks': 'RLIMIT_LOCKS',
  'pending signals': 'RLIMIT_SIGPENDING',
  'msgqueue size': 'RLIMIT_MSGQUEUE',
  'nice priority': 'RLIMIT_NICE',
  'realtime priority': 'RLIMIT_RTPRIO',
  'realtime timeout': 'RLIMIT_RTTIME',
};

/** The names that limits may have at all. */
export const RLIMITS: ReadonlySet<string> = new Set(Object.values(LIMITS));

/** Reads what spec_facts of remote/lib printed; other lines are passed over. */
export function parseSpecFacts(stdout: string): SpecFacts {
  const facts = new Map(
    stdout.split('\n').flatMap((line) => {
      const [kind, key = '', value = ''] = line.split('\t');
      return kind === 'fact' ? [[key, value] as const] : [];
    }),
  );
  const yes = (key: string) => (facts.has(key) ? facts.get(key) === 'yes' : undefined);
  const words = (key: string) => {
    const value = facts.get(key);
    return value === undefined ? undefined : new Set(value.split(' ').filter((word) => word !== ''));
  };
  const number = (key: string) => (/^-?\d+$/.test(facts.get(key) ?? '') ? Number(facts.get(key)) : undefined);
  const profiles = facts.get('profiles');
  const cgroup = number('cgroup');
  return {
    cgroup: cgroup === 1 || cgroup === 2 ? cgroup : undefined,
    controllers: words('controllers'),
    selinux: yes('selinux'),
    apparmor: yes('apparmor'),
    profiles:
      profiles === undefined
        ? undefined
        : new Set(
            decode(profiles)
              .split('\n')
              .map((line) => line.replace(/ \(\w+\)$/, '')),
          ),
    namespaces: mapped(words('namespaces'), (name) => NAMESPACES[name] ?? name),
    hardLimits: hardLimits(decode(facts.get('limits') ?? '')),
    openFiles: number('open-files'),
    oomScoreAdj: number('oom'),
    hugePages: mapped(words('huge-pages'), pageSize),
    blockDevices: words('block'),
    ioWeight: yes('weight'),
    swapLimit: yes('swap'),
    resctrl: yes('resctrl'),
    seccomp: seccompOf(decode(facts.get('features') ?? '')),
  };
}

const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');

const mapped = (words: ReadonlySet<string> | undefined, name: (word: string) => string) =>
  words && new Set([...words].map(name));

/** `hugepages-2048kB` is `2MB`. */
function pageSize(name: string): string {
  let size = Number(/\d+/.exec(name)?.[0] ?? 0);
  const units = ['KB', 'MB', 'GB'];
  while (size >= 1024 && units.length > 1) {
    size /= 1024;
    units.shift();
  }
  return `${size}${units[0]}`;
}

/** `Max open files            1024                 524288               files` */
function hardLimits(text: string): ReadonlyMap<string, number> | undefined {
  const found = text.split('\n').flatMap((line) => {
    const [, title = '', hard = ''] = /^Max (\S+(?: \S+)*) {2,}\S+ +(unlimited|\d+)(?!\S)/.exec(line) ?? [];
    const name = Object.hasOwn(LIMITS, title) ? LIMITS[title] : undefined;
    return name === undefined ? [] : [[name, hard === 'unlimited' ? Infinity : Number(hard)] as const];
  });
  return found.length === 0 ? undefined : new Map(found);
}

/** What `RUNTIME features` says, which runc has since 1.1 (its format: opencontainers/runtime-spec, features.md). */
function seccompOf(features: string): SpecFacts['seccomp'] {
  try {
    const { enabled, actions, operators, archs } = JSON.parse(features).linux.seccomp;
    if (enabled === false) return 'none';
    return { actions: new Set(actions), operators: new Set(operators), archs: new Set(archs) };
  } catch {
    return undefined;
  }
}
