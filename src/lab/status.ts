import { execOnMachine, type LabAccess } from './exec.ts';
import type { MachineKind } from './kind.ts';
import { checkLabName } from './names.ts';
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
  const files = labFolder(name, context);
  const machines = await Promise.all(
    containers.map(async ({ machine, role, address, kind, state }) => ({
      name: machine,
      role,
      address,
      kind,
      state: state === 'running' ? await systemState({ name, kind, files }, machine, context.signal) : state,
    })),
  );
  return { name, machines: machines.sort(byRoleAndName), files };
}

/** systemd's word for a machine; `starting` for one that does not answer yet. */
async function systemState(
  access: LabAccess,
  machine: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const say = 'systemctl is-system-running || true';
  const state = await execOnMachine(access, machine, ['sh', '-c', say], { signal }).catch(() => '');
  signal?.throwIfAborted();
  return state.trim() || 'starting';
}

function byRoleAndName(a: MachineStatus, b: MachineStatus): number {
  return a.role.localeCompare(b.role) || a.name.localeCompare(b.name, 'en', { numeric: true });
}
