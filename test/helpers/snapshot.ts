import { execa } from 'execa';
import { execOnMachine, type Lab } from '../../src/lab/lab.ts';
import { on } from './cluster.ts';
import type { TestLab } from './lab.ts';

/** Everything of a machine that kboot could change, one fact a line, sorted. */
type Snapshot = readonly string[];

/**
 * What differs between two snapshots without anybody having changed the machine. Nothing else is left out.
 */
const NOISE: readonly { readonly line: RegExp; readonly because: string }[] = [
  { line: /^(file|sha256) .* \/(var|run)\/log\/(journal|wtmp|btmp|lastlog)/, because: 'logs grow' },
  {
    line: /^(file|sha256) .* \/run\/(utmp|motd\.dynamic)/,
    because: 'who is logged in, and what a login says',
  },
  { line: /^(file|mount) .*\/run\/user\b/, because: 'sessions of those who log in' },
  {
    line: /^file .* \/run\/systemd\//,
    because: 'what systemd keeps of its units and sessions while it runs',
  },
  {
    line: /^(file .* \/var\/lib\/systemd\/|sha256 .* \/var\/lib\/systemd\/random-seed$)/,
    because: 'random seed, clock and timer stamps of systemd',
  },
  {
    line: /^(cgroup|unit|process) .*(user-\d+\.slice|user@\d+|user-runtime-dir@|user\.slice|session-\w+\.scope)/,
    because: 'sessions',
  },
  { line: /^process .*(sshd:|\(sd-pam\)|systemd --user|ssh-agent)/, because: 'sessions' },
  { line: /^process .*(sh -c .*snapshot|sh -euc|while sleep 1)/, because: 'who looks' },
  {
    line: /^unit .*(systemd-tmpfiles-clean|systemd-logind|systemd-hostnamed|systemd-timedated)/,
    because: 'started when it is time or when asked',
  },
  { line: /^process sleep 1 $/, because: 'the session that is held open' },
  { line: /^(file|sha256) .* \/run\/sudo\//, because: 'when sudo was asked last' },
  {
    line: /^unit network-online\.target /,
    because: 'a point of the boot which the kubelet asks for; nothing runs for it',
  },
  { line: /^sysctl net\/netfilter\/nf_conntrack_count /, because: 'counts connections' },
  {
    line: /^(file|sha256) .* \/run\/((udev|network|fsck|tmpfiles\.d)\/|(machine-id|crond\.reboot|crond\.pid|sshd\.pid|agetty\.reload)$)/,
    because: 'each boot writes it',
  },
  { line: /^file .*\/tmp\/systemd-private-/, because: 'each boot names it anew' },
  {
    line: /^unit (systemd-(machine-id-commit|journal-catalog-update|sysusers|update-done)|ldconfig)\.service /,
    because: 'runs in the first boot only',
  },
  { line: /^sysctl net\/ipv4\/(udp|tcp)_mem /, because: 'reckoned from the free memory at boot' },
  {
    line: /^(file|sha256) .* \/var\/(lib\/(apt\/daily_lock|logrotate\/)|cache\/apt\/|backups\/)/,
    because: 'what Debian does once a day',
  },
  {
    line: /^module (veth|vxlan|udp_tunnel|ip6_udp_tunnel|nfnetlink_acct|nft_compat|nf_reject_ipv[46]|ipt_\w+|xt_(addrtype|comment|mark|nfacct|statistic|tcpudp))$/,
    because: 'loaded by the kernel itself for links and rules, and without effect once those are gone',
  },
];

/** $1: a word that tells this script from others; $2: a folder whose files are told by size and time only. */
const LOOK = `
export LC_ALL=C
for root in / /var /run /run/lock /tmp /dev; do
  find "$root" -xdev \\( -path /proc -o -path /sys -o -path /dev/pts \\) -prune -o \\
    \\( -type f -printf 'file %M %U:%G %s %TY-%Tm-%Td %TT %p\\n' \\) -o \\
    \\( -type l -printf 'file %M %U:%G %p -> %l\\n' \\) -o -printf 'file %M %U:%G %p\\n'
  find "$root" -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path '/run/systemd' -o -path '*/log/journal' -o -path "\${2:-/none}" \\) -prune -o \\
    -type f -exec sha256sum {} + | sed 's/^/sha256 /'
done
awk '{
  shared = "private"; source = ""
  for (i = 7; i <= NF; i++) { if ($i == "-") { source = $(i + 1) " " $(i + 2); break } if ($i ~ /^shared/) shared = "shared"; if ($i ~ /^master/) shared = shared " slave" }
  print "mount " $5, $6, shared, source
}' /proc/1/mountinfo
systemctl list-units --all --plain --no-legend --no-pager | awk '$3 != "inactive" { print "unit", $1, $2, $3, $4 }'
systemctl list-unit-files --plain --no-legend --no-pager | sed 's/^/unit-file /'
find /sys/fs/cgroup -type d | sed 's/^/cgroup /'
ip -o link | sed 's/^[0-9]*: /link /; s/@if[0-9]*//'
ip -o addr | sed 's/^[0-9]*: /address /; s/ valid_lft.*//'
for family in -4 -6; do ip $family route show table all | sed "s/^/route $family /; s/ expires [0-9]*sec//"; ip $family rule | sed "s/^/rule $family /"; done
cat /proc/net/ip_tables_names /proc/net/ip6_tables_names 2>/dev/null | sed 's/^/legacy-table /'
find /proc/sys/net -type f -exec grep -s '' /dev/null {} + | sed 's|^/proc/sys/|sysctl |; s/:/ /; s/\\t/ /g'
for command in /proc/[0-9]*/cmdline; do
  words=$(tr '\\0' ' ' < "$command" 2>/dev/null) && [ -n "$words" ] && echo "process $words" | head -n 1
done
true
`;

/** What machines of a lab were like at one time, to be compared with what they are like later. */
export class Snapshots {
  readonly #own: TestLab;
  readonly #taken = new Map<string, Snapshot>();

  constructor(own: TestLab) {
    this.#own = own;
  }

  /** Looks at these machines; what was seen of them before is forgotten. */
  async take(...machines: readonly string[]): Promise<void> {
    for (const machine of machines) this.#taken.set(machine, await takeSnapshot(this.#own.lab, machine));
  }

  /** Looks at a machine again. The lines that are no longer so begin with `- `, the new ones with `+ `. */
  async changed(machine: string): Promise<readonly string[]> {
    const before = this.#taken.get(machine);
    if (before === undefined) throw new Error(`nobody looked at ${machine} before`);
    return difference(before, await takeSnapshot(this.#own.lab, machine));
  }
}

/** Looks at a machine from outside: its own programs, and the firewall in its network namespace. */
export async function takeSnapshot(lab: Lab, machine: string): Promise<Snapshot> {
  // An emulated machine takes minutes to read all programs.
  const unread = lab.kind === 'virtual' ? ['/usr'] : [];
  const seen = await on(lab, machine, LOOK, 'snapshot', ...unread);
  const rules = await inNetwork(lab, machine, ['nft', '--stateless', 'list', 'ruleset']);
  const modules =
    lab.kind === 'virtual' ? await on(lab, machine, "sed 's/ .*//; s/^/module /' /proc/modules") : '';
  const lines = [
    ...seen.split('\n'),
    ...modules.split('\n'),
    ...rules
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => `nft ${line}`),
  ];
  return lines.filter((line) => line.trim() !== '' && !NOISE.some((noise) => noise.line.test(line))).sort();
}

function difference(before: Snapshot, after: Snapshot): readonly string[] {
  return [
    ...subtract(before, after).map((line) => `- ${line}`),
    ...subtract(after, before).map((line) => `+ ${line}`),
  ];
}

function subtract(lines: Snapshot, others: Snapshot): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const left = counts.get(line) ?? 0;
    counts.set(line, left - 1);
    return left <= 0;
  });
}

/**
 * Runs a program of this computer in the network of a machine, which has no firewall tools of its own; a virtual
 * machine has.
 */
export async function inNetwork(lab: Lab, machine: string, argv: readonly string[]): Promise<string> {
  if (lab.kind === 'virtual') return execOnMachine(lab, machine, argv);
  const container = `kboot-lab-${lab.name}-${machine}`;
  const { stdout: pid } = await execa('podman', [
    'container',
    'inspect',
    '--format',
    '{{.State.Pid}}',
    container,
  ]);
  const { stdout } = await execa('nsenter', ['--target', pid, '--net', ...argv]);
  return stdout;
}
