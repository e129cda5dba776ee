import type { MachineKind } from './kind.ts';
import { containerName, labLabel, networkName, shortName, volumeName } from './names.ts';

/** What decides how one machine is run. */
export interface MachineSpec {
  readonly lab: string;
  readonly name: string;
  readonly role: string;
  readonly address: string;
  readonly image: string;
  readonly tmpNoexec: boolean;
  /** Makes /var a small one in memory (`400m`), which does not outlive a reboot; a volume when undefined. */
  readonly varSize: string | undefined;
  readonly kind: MachineKind;
}

const EPHEMERAL = 'rw,nosuid,nodev';

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
  const { lab, name, role, address, image, tmpNoexec, varSize, kind } = spec;
  const tmpfs = [
    `/tmp:${EPHEMERAL},${tmpNoexec ? 'noexec' : 'exec'},mode=1777`,
    `/run:${EPHEMERAL},exec,mode=755`,
    `/run/lock:${EPHEMERAL},noexec,mode=1777,size=5m`,
    ...(varSize === undefined ? [] : [`/var:rw,dev,suid,exec,mode=755,size=${varSize}`]),
  ];
  const volumes = varSize === undefined ? [`${volumeName(lab, name)}:/var:dev,suid,exec`] : [];
  return [
    ...['run', '--detach', '--name', containerName(lab, name), '--hostname', name],
    ...['--label', labLabel(lab), '--label', `kboot.machine=${name}`, '--label', `kboot.role=${role}`],
    ...['--label', `kboot.address=${address}`, '--label', `kboot.kind=${kind}`],
    ...['--network', networkName(lab), '--ip', address, '--mac-address', macOf(address)],
    ...['--network-alias', name, '--network-alias', shortName(name), '--dns-search', '.'],
    ...['--privileged', '--pids-limit', '-1', '--systemd=false', '--env', 'container=podman'],
    ...['--stop-signal', 'SIGRTMIN+3', '--cgroupns', 'private', '--runtime', 'runc'],
    ...['--sysctl', 'net.ipv4.ip_forward=0'],
    ...['--ulimit', 'nofile=20000:20000', '--ulimit', 'nproc=32000:32000', '--restart', 'on-failure'],
    ...tmpfs.flatMap((mount) => ['--tmpfs', mount]),
    ...volumes.flatMap((volume) => ['--volume', volume]),
    ...['--pull', 'never', image],
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
