/** The kernel's names by number (include/uapi/linux/capability.h). */
const NAMES = `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE
SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL
SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`
  .split(/\s+/)
  .map((name) => `CAP_${name}`);

/**
 * Capabilities that a machine can give at all, in the kernel's order: those of its bounding set, which has no
 * bits beyond what the kernel knows.
 *
 * @param boundingSet `CapBnd` of /proc/self/status, in hex.
 */
export function machineCapabilities(boundingSet: string): readonly string[] {
  const mask = BigInt(`0x${boundingSet}`);
  return NAMES.filter((_name, bit) => (mask >> BigInt(bit)) & 1n);
}

/** The variable ALL_PROCESS_CAPABILITIES: quoted names for the inside of a JSON array. */
export function allProcessCapabilities(capabilities: readonly string[]): string {
  return `${capabilities.map((name) => `"${name}"`).join(',\n')}\n`;
}
