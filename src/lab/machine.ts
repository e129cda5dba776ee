import { systemClock } from '../lib/clock.ts';
import { KbootError } from '../lib/errors.ts';
import { waitUntil } from '../lib/wait-until.ts';
import { kindOf } from './kind.ts';
import { containerName, volumeName } from './names.ts';
import { listNames, podman, podmanChange } from './podman.ts';
import { createVolumeArguments, removeContainersArguments, runMachineArguments } from './podman-arguments.ts';
import { BEHIND_BASTION_SCRIPT, PROVISION_SCRIPT, provisionArguments } from './provision.ts';
import { succeeds } from './run.ts';
import type { KnownMachine } from './ssh-files.ts';
import type { LabMachine, LabOptions } from './state.ts';

const BOOT_TIMEOUT_MS = 90_000;
const SSH_TIMEOUT_MS = 30_000;
const POLL_MS = 250;

/** podman's words for a container that was started whole; before that it is `created` or `initialized`. */
const HAS_RUN: ReadonlySet<string> = new Set(['running', 'stopping', 'stopped', 'exited', 'paused']);

/** What a machine of a lab is made from. */
export interface MachineRecipe {
  readonly lab: string;
  readonly image: string;
  readonly options: LabOptions;
  readonly gateway: string;
  /** The public part of the lab's key. */
  readonly publicKey: string;
}

/** Runs a command as root on a machine, without ssh, and returns its standard output. Throws like `run`. */
export async function execOnMachine(
  lab: string,
  machine: string,
  argv: readonly string[],
  { stdin, signal }: { readonly stdin?: string; readonly signal?: AbortSignal | undefined } = {},
): Promise<string> {
  return podman(['exec', '--interactive', containerName(lab, machine), ...argv], signal, stdin ?? '');
}

/**
 * Makes and starts a machine, or starts the one that is there (`state`, podman's word), lets the lab's user in,
 * and returns it with its host key, once systemd has booted. What an interrupted run left half made is made anew.
 */
export async function ensureMachine(
  machine: LabMachine,
  recipe: MachineRecipe,
  state: string | undefined,
  signal?: AbortSignal,
): Promise<KnownMachine> {
  const { lab } = recipe;
  const isNew = state === undefined || !HAS_RUN.has(state);
  if (isNew) await makeMachine(machine, recipe, signal);
  else if (state !== 'running') await podmanChange(['start', containerName(lab, machine.name)], signal);
  await waitForBoot(lab, machine.name, { isNew, signal });
  await provision(machine, recipe, signal);
  const hostKey = await execOnMachine(lab, machine.name, ['cat', '/etc/ssh/ssh_host_ed25519_key.pub'], {
    signal,
  });
  return { ...machine, hostKey: hostKey.split(' ').slice(0, 2).join(' ').trim() };
}

async function makeMachine(
  machine: LabMachine,
  { lab, image, options }: MachineRecipe,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { tmpNoexec, varSize } = options;
  await podmanChange(removeContainersArguments([containerName(lab, machine.name)]), signal);
  const volume = volumeName(lab, machine.name);
  if ((await listNames('volume', lab, signal)).includes(volume))
    await podmanChange(['volume', 'rm', volume], signal);
  if (varSize === undefined) await podmanChange(createVolumeArguments(lab, machine.name), signal);
  await podmanChange(
    runMachineArguments({ ...machine, lab, image, tmpNoexec, varSize, kind: kindOf(options) }),
    signal,
  );
}

/**
 * Waits until systemd has started everything. On a new machine a failed unit is an error (COMMAND_FAILED); on one
 * that was used, it is its users' business.
 */
export async function waitForBoot(
  lab: string,
  machine: string,
  { isNew, signal }: { readonly isNew: boolean; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const booted = async () => {
    const command = ['exec', containerName(lab, machine), 'systemctl', 'is-system-running', '--wait'];
    if (await succeeds(['podman', ...command], signal)) return true;
    const failed = await execOnMachine(
      lab,
      machine,
      ['systemctl', 'list-units', '--failed', '--plain', '--no-legend'],
      {
        signal,
      },
    ).catch(() => '');
    if (failed === '') return undefined;
    if (!isNew) return true;
    throw new KbootError('COMMAND_FAILED', `${machine}: booted, but with failed units:\n${failed}`, {
      host: machine,
    });
  };
  await waitUntil('boot', booted, {
    clock: systemClock,
    timeoutMs: BOOT_TIMEOUT_MS,
    everyMs: POLL_MS,
    signal,
    host: machine,
    hint: `podman logs ${containerName(lab, machine)}`,
  });
}

/** Waits until a machine lets the lab's user in by ssh, with the lab's ssh_config. */
export async function waitForSsh(sshConfig: string, machine: string, signal?: AbortSignal): Promise<void> {
  const options = ['-F', sshConfig, '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5'];
  const answers = async () =>
    (await succeeds(['ssh', ...options, machine, 'true'], signal)) ? true : undefined;
  await waitUntil('ssh', answers, {
    clock: systemClock,
    timeoutMs: SSH_TIMEOUT_MS,
    everyMs: POLL_MS,
    signal,
    host: machine,
    hint: `ssh -v -F ${sshConfig} ${machine}`,
  });
}

async function provision(
  machine: LabMachine,
  recipe: MachineRecipe,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { lab, options, publicKey, gateway } = recipe;
  const isBastion = machine.role === 'bastion';
  const user: LabOptions = isBastion ? { ...options, user: 'root', shell: 'sh' } : options;
  await execOnMachine(
    lab,
    machine.name,
    ['sh', '-c', PROVISION_SCRIPT, 'provision', ...provisionArguments(user)],
    {
      stdin: publicKey,
      signal,
    },
  );
  if (options.bastion && !isBastion)
    await execOnMachine(lab, machine.name, ['sh', '-c', BEHIND_BASTION_SCRIPT, 'provision', gateway], {
      signal,
    });
}
