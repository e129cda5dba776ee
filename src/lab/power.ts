import { systemClock } from '../lib/clock.ts';
import { waitUntil } from '../lib/wait-until.ts';
import { execOnMachine, type LabAccess } from './exec.ts';
import { waitForBoot, waitForSsh } from './machine.ts';
import { containerName } from './names.ts';
import { podman, podmanChange } from './podman.ts';
import { unlessFailed } from './run.ts';

/** How long a machine may take to end what it does. */
const STOP_TIMEOUT_MS = 600_000;

/** Reboots a machine as `systemctl reboot` on it does, and waits until it lets its user in again. */
export async function rebootMachine(lab: LabAccess, machine: string, signal?: AbortSignal): Promise<void> {
  const before = await lifeOf(lab, machine, signal);
  await unlessFailed(execOnMachine(lab, machine, ['systemctl', 'reboot'], { signal }));
  await waitUntil(
    'reboot',
    async () => {
      const state = await stateOf(lab, machine, signal);
      if (state === 'exited') await podmanChange(['start', containerName(lab.name, machine)], signal);
      const now = await lifeOf(lab, machine, signal);
      return state === 'running' && now !== undefined && now !== before ? true : undefined;
    },
    { clock: systemClock, timeoutMs: STOP_TIMEOUT_MS, everyMs: 500, signal, host: machine },
  );
  await waitUntilUp(lab, machine, signal);
}

/** Switches a machine off as its power button does: what runs on it ends first, and nothing answers then. */
export async function stopMachine(lab: LabAccess, machine: string, signal?: AbortSignal): Promise<void> {
  if (lab.kind !== 'virtual')
    return podmanChange(
      ['stop', '--time', `${STOP_TIMEOUT_MS / 1000}`, containerName(lab.name, machine)],
      signal,
    );
  await unlessFailed(execOnMachine(lab, machine, ['systemctl', 'poweroff'], { signal }));
  const isOff = async () => ((await stateOf(lab, machine, signal)) === 'exited' ? true : undefined);
  await waitUntil('power off', isOff, {
    ...{ clock: systemClock, timeoutMs: STOP_TIMEOUT_MS, everyMs: 500, signal, host: machine },
  });
}

/**
 * Cuts the power of a machine: nothing on it comes to its end, and what it had not written to its disk is lost. Only
 * a virtual machine has a disk of its own to lose anything from.
 */
export async function cutPower(lab: LabAccess, machine: string, signal?: AbortSignal): Promise<void> {
  await podmanChange(['kill', '--signal', 'KILL', containerName(lab.name, machine)], signal);
}

/** Switches a machine on and waits until it lets its user in. */
export async function startMachine(lab: LabAccess, machine: string, signal?: AbortSignal): Promise<void> {
  await podmanChange(['start', containerName(lab.name, machine)], signal);
  await waitUntilUp(lab, machine, signal);
}

/**
 * Sets what the clock of a virtual machine says whenever it is switched on from now on: `2027-11-30T12:00:00`, in
 * UTC. It has to be on when this is called.
 */
export async function setClock(
  lab: LabAccess,
  machine: string,
  time: string,
  signal?: AbortSignal,
): Promise<void> {
  const write = [
    'exec',
    '--interactive',
    containerName(lab.name, machine),
    'sh',
    '-c',
    'cat > /machine/clock',
  ];
  await podman(write, signal, `${time}\n`);
}

async function waitUntilUp(lab: LabAccess, machine: string, signal: AbortSignal | undefined): Promise<void> {
  await waitForBoot(lab, machine, { isNew: false, signal });
  await waitForSsh(lab, machine, signal);
}

/** podman's word for a machine's container. */
async function stateOf(lab: LabAccess, machine: string, signal: AbortSignal | undefined): Promise<string> {
  const inspect = ['container', 'inspect', '--format', '{{.State.Status}}'];
  return podman([...inspect, containerName(lab.name, machine)], signal);
}

/**
 * What is another after a reboot: the time at which the container was started; machines without a kernel of their
 * own share one `/proc/sys/kernel/random/boot_id`.
 */
async function lifeOf(
  lab: LabAccess,
  machine: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  if (lab.kind === 'virtual')
    return unlessFailed(execOnMachine(lab, machine, ['cat', '/proc/sys/kernel/random/boot_id'], { signal }));
  const inspect = ['container', 'inspect', '--format', '{{.State.StartedAt}}'];
  return podman([...inspect, containerName(lab.name, machine)], signal);
}
