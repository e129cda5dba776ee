import { shortName } from './names.ts';
import type { LabFolder, LabMachine } from './state.ts';

/** A machine with the public part of its host key, `ssh-ed25519 AAAA...`. */
export interface KnownMachine extends LabMachine {
  readonly hostKey: string;
}

/** The text of known_hosts: every machine by name and by address. */
export function knownHostsText(machines: readonly KnownMachine[]): string {
  return machines.map(({ name, address, hostKey }) => `${name},${address} ${hostKey}\n`).join('');
}

/**
 * The text of ssh_config: every machine by its name and its short name, checked against the lab's own known hosts.
 * With a bastion, the others are reached through it.
 */
export function sshConfigText(machines: readonly LabMachine[], user: string, files: LabFolder): string {
  const bastion = machines.find(({ role }) => role === 'bastion');
  const entries = machines.map((machine) => {
    const behind = bastion !== undefined && machine !== bastion;
    return [
      `Host ${machine.name} ${shortName(machine.name)}`,
      `  HostName ${machine.address}`,
      `  User ${machine === bastion ? 'root' : user}`,
      `  IdentityFile ${quoted(files.key)}`,
      '  IdentitiesOnly yes',
      `  UserKnownHostsFile ${quoted(files.knownHosts)}`,
      '  StrictHostKeyChecking yes',
      ...(behind ? [`  ProxyJump ${bastion.name}`] : []),
    ];
  });
  return `# Written by kboot lab up; kboot lab down removes it.\n${entries.map((lines) => `\n${lines.join('\n')}\n`).join('')}`;
}

/** ssh_config knows double quotes around a value, and nothing that would escape one inside. */
function quoted(path: string): string {
  return /\s/.test(path) ? `"${path}"` : path;
}
