import { expect, test } from 'vitest';
import { execOnMachine } from '../../src/lab/lab.ts';
import { useLab } from '../helpers/lab.ts';
import { describeE2e } from '../helpers/require-e2e.ts';

/** What kboot relies on (README, "A machine"), by one or more commands of each. */
const NEEDED = [
  ...['systemctl', 'systemd-run', 'systemd-tmpfiles', 'journalctl', 'sshd', 'sh', 'tar', 'gzip', 'sudo'],
  ...['cp', 'install', 'sha256sum', 'stat', 'sync', 'df', 'mount', 'umount', 'losetup', 'flock', 'nsenter'],
  // What every server has: tests of Kubernetes ask for them.
  ...['ps', 'pidof'],
  ...['findmnt', 'unshare', 'setpriv', 'find', 'xargs', 'grep', 'sed', 'awk', 'ip', 'ss', 'reboot'],
];

/** What kboot must bring, do without, or never ask for. */
const ABSENT = [
  ...['runc', 'crun', 'containerd', 'iptables', 'ip6tables', 'nft', 'conntrack', 'socat', 'ethtool', 'ipset'],
  ...['curl', 'wget', 'python', 'python3', 'perl', 'bash', 'kmod', 'modprobe', 'insmod', 'lsmod'],
  ...['dpkg', 'apt', 'apt-get', 'rpm', 'dnf', 'ssh', 'scp', 'sftp', 'rsync', 'openssl', 'gpg', 'jq'],
  ...['sysctl', 'pgrep', 'hostname', 'diff', 'useradd', 'dbus-daemon', 'udevadm', 'crontab', 'podman'],
];

const DIRECTORIES =
  '/usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin /opt/bin /usr/lib /usr/libexec';

describeE2e('a lab machine', () => {
  const own = useLab({ nodes: 0 });
  const sh = (script: string) => execOnMachine(own.lab, 'master.example.com', ['sh', '-c', script]);

  test('has what kboot needs', async () => {
    expect(await sh(`for c in ${NEEDED.join(' ')}; do command -v $c >/dev/null || echo "$c"; done`)).toBe('');
  });

  test('has nothing else that would help', async () => {
    const names = ABSENT.flatMap((name, index) => [...(index === 0 ? [] : ['-o']), '-name', name]);
    const found = await sh(
      `find ${DIRECTORIES} -follow \\( ${names.join(' ')} \\) ! -type d 2>/dev/null; true`,
    );
    expect(found).toBe('');
    expect(await sh('ls -d /var/lib/dpkg /var/lib/apt /etc/apt /usr/share/perl* 2>/dev/null; true')).toBe('');
  });

  test('has no program that is broken: no dangling link, no script without its interpreter, no library missing', async () => {
    expect(await sh('find /usr/bin/ /usr/sbin/ /usr/local/ -xtype l')).toBe('');
    const interpreters = `for f in /usr/bin/* /usr/sbin/*; do
      case $(head -c 2 "$f" | tr -d '\\000') in '#!') i=$(sed -n '1s/^#! *\\([^ ]*\\).*/\\1/p' "$f"); [ -x "$i" ] || echo "$f: $i" ;; esac
    done`;
    expect(await sh(interpreters)).toBe('');
    const libraries = `for f in /usr/bin/* /usr/sbin/* /lib/systemd/systemd*; do
      [ -f "$f" ] && ld.so --list "$f" 2>/dev/null | sed -n "s|.*=> not found|$f&|p"
    done; true`;
    expect(await sh(libraries)).toBe('');
  });

  test('booted, with no failed unit', async () => {
    expect(await sh('systemctl is-system-running')).toBe('running');
    expect(await sh('systemctl list-units --failed --no-legend')).toBe('');
  });

  test('has a shared /, and a /var with devices and set-user-id programs', async () => {
    expect(await sh('findmnt -no PROPAGATION /')).toBe('shared');
    expect(await sh('findmnt -no OPTIONS /var')).not.toMatch(/nosuid|nodev|noexec/);
  });

  test('cannot set the clock', async () => {
    const CAP_SYS_TIME = 25n;
    const bounding = await sh(
      'systemd-run -q --unit=capabilities --service-type=oneshot -p StandardOutput=file:/run/caps grep CapBnd /proc/self/status; cat /run/caps',
    );
    const mask = BigInt(`0x${bounding.split(/\s+/)[1]}`);
    expect(mask).toBeGreaterThan(0n);
    expect(mask & (1n << CAP_SYS_TIME)).toBe(0n);
  });

  test('changes no kernel setting of the machine that runs it', async () => {
    expect(
      await sh('cat /etc/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf /etc/sysctl.conf 2>/dev/null; true'),
    ).toBe('');
  });
});
