import type { MachineKind } from './kind.ts';
import { containerName } from './names.ts';
import { sshCommand } from './open-ssh.ts';
import { podman } from './podman.ts';
import { run } from './run.ts';
import type { LabFolder } from './state.ts';

/** What it takes to reach the machines of a lab as root, whoever its user is. */
export interface LabAccess {
  readonly name: string;
  readonly kind: MachineKind;
  readonly files: LabFolder;
}

/**
 * Runs a command as root on a machine and returns its standard output: in its container, without ssh, or by ssh on a
 * machine with a kernel of its own. Throws like `run`.
 */
export async function execOnMachine(
  { name, kind, files }: LabAccess,
  machine: string,
  argv: readonly string[],
  { stdin, signal }: { readonly stdin?: string; readonly signal?: AbortSignal | undefined } = {},
): Promise<string> {
  if (kind !== 'virtual')
    return podman(['exec', '--interactive', containerName(name, machine), ...argv], signal, stdin ?? '');
  const asRoot = ['-l', 'root', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=30'];
  return run(sshCommand(files.sshConfig, machine, argv, asRoot), { stdin: stdin ?? '', signal });
}
