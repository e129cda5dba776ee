import { execa } from 'execa';
import type { MachineKind } from './kind.ts';
import { checkLabName, containerName } from './names.ts';
import { listContainers } from './podman.ts';
import { requireRoot } from './requirements.ts';
import { type LabFolder, labFolder } from './state.ts';
import type { LabContext } from './up.ts';

/** One machine of a lab, as it is now. */
export interface MachineStatus {
  readonly name: string;
  readonly role: string;
  readonly address: string;
  readonly kind: MachineKind;
  /** podman's word (`exited`, `created` ...), or systemd's for a machine that runs (`running`, `degraded` ...). */
  readonly state: string;
}

/** A lab as it is now; without machines when there is none. */
export interface LabStatus {
  readonly name: string;
  readonly machines: readonly MachineStatus[];
  readonly files: LabFolder;
}

/** What is there of a lab, by podman's account. */
export async function labStatus(name: string, context: LabContext): Promise<LabStatus> {
  checkLabName(name);
  requireRoot();
  const containers = await listContainers(name, context.signal);
  const machines = await Promise.all(
    containers.map(async ({ machine, role, address, kind, state }) => ({
      name: machine,
      role,
      address,
      kind,
      state: state === 'running' ? await systemState(name, machine, context.signal) : state,
    })),
  );
  return { name, machines: machines.sort(byRoleAndName), files: labFolder(name, context) };
}

async function systemState(lab: string, machine: string, signal: AbortSignal | undefined): Promise<string> {
  const { stdout } = await execa(
    'podman',
    ['exec', containerName(lab, machine), 'systemctl', 'is-system-running'],
    {
      reject: false,
      maxBuffer: 10_000,
      stdin: 'ignore',
      ...(signal && { cancelSignal: signal }),
    },
  );
  signal?.throwIfAborted();
  return stdout.trim() || 'starting';
}

function byRoleAndName(a: MachineStatus, b: MachineStatus): number {
  return a.role.localeCompare(b.role) || a.name.localeCompare(b.name, 'en', { numeric: true });
}
