import { systemClock } from '../lib/clock.ts';
import { waitUntil } from '../lib/wait-until.ts';
import { execOnMachine, waitForBoot, waitForSsh } from './machine.ts';
import { containerName } from './names.ts';
import { podman, podmanChange } from './podman.ts';
import type { Lab } from './up.ts';

const STOP_TIMEOUT_MS = 120_000;

/**
 * Reboots a machine as `systemctl reboot` on it does, and waits until it lets its user in again. All machines of a
 * lab share one kernel: what tells a reboot is not `/proc/sys/kernel/random/boot_id`.
 */
export async function rebootMachine(lab: Lab, machine: string, signal?: AbortSignal): Promise<void> {
  const before = await lifeOf(lab, machine, signal);
  await execOnMachine(lab.name, machine, ['systemctl', 'reboot'], { signal });
  await waitUntil(
    'reboot',
    async () => {
      const now = await lifeOf(lab, machine, signal);
      if (now.state === 'exited') await podmanChange(['start', containerName(lab.name, machine)], signal);
      return now.state === 'running' && now.startedAt !== before.startedAt ? true : undefined;
    },
    { clock: systemClock, timeoutMs: STOP_TIMEOUT_MS, everyMs: 500, signal, host: machine },
  );
  await waitUntilUp(lab, machine, signal);
}

/** Switches a machine off: nothing answers at its address. */
export async function stopMachine(lab: Lab, machine: string, signal?: AbortSignal): Promise<void> {
  await podmanChange(
    ['stop', '--time', `${STOP_TIMEOUT_MS / 1000}`, containerName(lab.name, machine)],
    signal,
  );
}

/** Switches a machine on and waits until it lets its user in. */
export async function startMachine(lab: Lab, machine: string, signal?: AbortSignal): Promise<void> {
  await podmanChange(['start', containerName(lab.name, machine)], signal);
  await waitUntilUp(lab, machine, signal);
}

async function waitUntilUp(lab: Lab, machine: string, signal: AbortSignal | undefined): Promise<void> {
  await waitForBoot(lab.name, machine, { isNew: false, signal });
  await waitForSsh(lab.files.sshConfig, machine, signal);
}

async function lifeOf(lab: Lab, machine: string, signal: AbortSignal | undefined) {
  const format = '{{.State.Status}} {{.State.StartedAt}}';
  const text = await podman(
    ['container', 'inspect', '--format', format, containerName(lab.name, machine)],
    signal,
  );
  const [state = '', ...startedAt] = text.split(' ');
  return { state, startedAt: startedAt.join(' ') };
}
