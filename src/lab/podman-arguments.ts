import type { MachineKind } from './kind.ts';
import { containerName, labLabel, networkName, shortName, volumeName } from './names.ts';
import type { VirtualMachine } from './state.ts';

/** What decides how one machine is run, of whatever kind. */
interface CommonSpec {
  readonly lab: string;
  readonly name: string;
  readonly role: string;
  readonly address: string;
  readonly image: string;
  readonly kind: MachineKind;
}

/** A machine that is a container. */
export interface MachineSpec extends CommonSpec {
  readonly tmpNoexec: boolean;
  /** Makes /var a small one in memory (`400m`), which does not outlive a reboot; a volume when undefined. */
  readonly varSize: string | undefined;
}

/** A machine that an emulator in a container runs. */
export interface VirtualMachineSpec extends CommonSpec {
  readonly virtual: VirtualMachine;
  readonly gateway: string;
  /** The key that may log in as root. */
  readonly publicKey: string;
}

const EPHEMERAL = 'rw,nosuid,nodev';

const LIMITS = ['--ulimit', 'nofile=20000:20000', '--ulimit', 'nproc=32000:32000'];

/**
 * The arguments of `podman` that start a machine, which boots systemd.
 *
 * - `--systemd=false --cgroupns private`: on cgroup v1 podman's own systemd mode mounts a hierarchy twice, and
 *   without a namespace two machines would share `/kubepods`; `--runtime runc`, because crun refuses hybrid cgroups.
 * - forwarding is off, as it is on a machine that was just installed; a container would inherit it from this one.
 * - the limits are what a kernel without CAP_SYS_RESOURCE can grant: it cannot raise any.
 * - /var is a volume, since containerd's overlays cannot lie on an overlay; with set-user-id programs and devices,
 *   as on a disk.
 * - `--dns-search .` keeps podman's search domain out, whose resolver knows only UDP.
 * - a hardware address that stays: with a new one after each start, everyone's neighbour tables are wrong for half a
 *   minute.
 * - `on-failure`: `systemctl reboot` inside ends the container by a signal, and podman starts it again.
 */
export function runMachineArguments(spec: MachineSpec): readonly string[] {
  const { lab, name, image, tmpNoexec, varSize } = spec;
  const tmpfs = [
    `/tmp:${EPHEMERAL},${tmpNoexec ? 'noexec' : 'exec'},mode=1777`,
    `/run:${EPHEMERAL},exec,mode=755`,
    `/run/lock:${EPHEMERAL},noexec,mode=1777,size=5m`,
    ...(varSize === undefined ? [] : [`/var:rw,dev,suid,exec,mode=755,size=${varSize}`]),
  ];
  const volumes = varSize === undefined ? [`${volumeName(lab, name)}:/var:dev,suid,exec`] : [];
  return [
    ...commonArguments(spec),
    ...['--privileged', '--pids-limit', '-1', '--systemd=false', '--env', 'container=podman'],
    ...['--stop-signal', 'SIGRTMIN+3', '--cgroupns', 'private', '--runtime', 'runc'],
    ...['--sysctl', 'net.ipv4.ip_forward=0'],
    ...LIMITS,
    ...['--restart', 'on-failure'],
    ...tmpfs.flatMap((mount) => ['--tmpfs', mount]),
    ...volumes.flatMap((volume) => ['--volume', volume]),
    ...['--pull', 'never', image],
  ];
}

/**
 * The arguments of `podman` that start a virtual machine: an emulator that has the container's address, and its disk
 * on a volume (images/virtual-machine/files/usr/local/sbin/boot-guest). To end the container is to cut the machine's
 * power, and the machine reboots without it, so nothing starts it again.
 */
export function runVirtualMachineArguments(spec: VirtualMachineSpec): readonly string[] {
  const { lab, name, address, image, virtual, gateway, publicKey } = spec;
  const settings = {
    KBOOT_NAME: name,
    KBOOT_ADDRESS: address,
    KBOOT_MAC: macOf(address),
    KBOOT_GATEWAY: gateway,
    KBOOT_MEMORY: virtual.memory,
    KBOOT_CPUS: virtual.cpus,
    KBOOT_DISK: virtual.disk,
    KBOOT_KEY: publicKey,
  };
  return [
    ...commonArguments(spec),
    ...['--privileged', '--pids-limit', '-1', '--runtime', 'runc'],
    ...LIMITS,
    ...['--restart', 'no'],
    ...Object.entries(settings).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...['--volume', `${volumeName(lab, name)}:/machine`],
    ...['--pull', 'never', image],
  ];
}

/** What every machine's container has: names, labels, and a place in the lab's network. */
function commonArguments({ lab, name, role, address, kind }: CommonSpec): readonly string[] {
  return [
    ...['run', '--detach', '--name', containerName(lab, name), '--hostname', name],
    ...['--label', labLabel(lab), '--label', `kboot.machine=${name}`, '--label', `kboot.role=${role}`],
    ...['--label', `kboot.address=${address}`, '--label', `kboot.kind=${kind}`],
    ...['--network', networkName(lab), '--ip', address, '--mac-address', macOf(address)],
    ...['--network-alias', name, '--network-alias', shortName(name), '--dns-search', '.'],
  ];
}

/** A locally administered hardware address made from an IPv4 address: `10.89.3.51` has `02:6b:0a:59:03:33`. */
function macOf(address: string): string {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return ['02', '6b', ...bytes].join(':');
}

/** The arguments that make the volume for a machine's /var. */
export function createVolumeArguments(lab: string, machine: string): readonly string[] {
  return ['volume', 'create', '--label', labLabel(lab), volumeName(lab, machine)];
}

/** The arguments that make a lab's network; podman chooses a subnet that is free. */
export function createNetworkArguments(lab: string): readonly string[] {
  return ['network', 'create', '--label', labLabel(lab), networkName(lab)];
}

/** The arguments that end and remove containers, those that are not there included. */
export function removeContainersArguments(containers: readonly string[]): readonly string[] {
  return ['rm', '--force', '--ignore', '--time', '0', ...containers];
}
