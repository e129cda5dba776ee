import { remoteScript } from '../host/remote-script.ts';
import { systemClock } from '../lib/clock.ts';
import { KbootError } from '../lib/errors.ts';
import { waitUntil } from '../lib/wait-until.ts';
import { execOnMachine, type LabAccess } from './exec.ts';
import { kindOf, type MachineKind } from './kind.ts';
import { containerName, volumeName } from './names.ts';
import { listNames, podman, podmanChange } from './podman.ts';
import {
  createVolumeArguments,
  removeContainersArguments,
  runMachineArguments,
  runVirtualMachineArguments,
} from './podman-arguments.ts';
import { provisionArguments } from './provision.ts';
import { succeeds, unlessFailed } from './run.ts';
import type { KnownMachine } from './ssh-files.ts';
import type { LabMachine, LabOptions } from './state.ts';

const MINUTE_MS = 60_000;

/** How long a machine may take to boot and to answer: a virtual one may be an emulated one on a busy computer. */
const BOOT_TIMEOUT_MS: Readonly<Record<MachineKind, number>> = {
  ordinary: 5 * MINUTE_MS,
  'image-based': 5 * MINUTE_MS,
  virtual: 30 * MINUTE_MS,
};

const POLL_MS = 250;

/** podman's words for a container that was started whole; before that it is `created` or `initialized`. */
const HAS_RUN: ReadonlySet<string> = new Set(['running', 'stopping', 'stopped', 'exited', 'paused']);

/** Where a machine's container has the public part of the machine's host key. */
const HOST_KEY: Readonly<Record<MachineKind, string>> = {
  ordinary: '/etc/ssh/ssh_host_ed25519_key.pub',
  'image-based': '/etc/ssh/ssh_host_ed25519_key.pub',
  virtual: '/machine/host-key.pub',
};

/** What a machine of a lab is made from. */
export interface MachineRecipe {
  readonly lab: string;
  readonly image: string;
  readonly options: LabOptions;
  readonly gateway: string;
  /** The public part of the lab's key. */
  readonly publicKey: string;
}

/** A machine that was made or started, or that runs. */
export interface StartedMachine extends KnownMachine {
  /** It was made just now. */
  readonly isNew: boolean;
}

/**
 * Makes and starts a machine, or starts the one that is there (`state`, podman's word), and returns it with its host
 * key. What an interrupted run left half made is made anew.
 */
export async function ensureStarted(
  machine: LabMachine,
  recipe: MachineRecipe,
  state: string | undefined,
  signal?: AbortSignal,
): Promise<StartedMachine> {
  const { lab, options } = recipe;
  const isNew = state === undefined || !HAS_RUN.has(state);
  if (isNew) await makeMachine(machine, recipe, signal);
  else if (state !== 'running') await podmanChange(['start', containerName(lab, machine.name)], signal);
  return { ...machine, isNew, hostKey: await hostKeyOf(lab, machine.name, kindOf(options), signal) };
}

/** Waits until a machine has booted, and lets the lab's user in. */
export async function admitUser(
  access: LabAccess,
  { isNew, ...machine }: StartedMachine,
  recipe: MachineRecipe,
  signal?: AbortSignal,
): Promise<void> {
  await waitForBoot(access, machine.name, { isNew, signal });
  await provision(access, machine, recipe, signal);
  await waitForSsh(access, machine.name, signal);
}

async function makeMachine(
  machine: LabMachine,
  { lab, image, options, gateway, publicKey }: MachineRecipe,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { tmpNoexec, varSize, virtual } = options;
  await podmanChange(removeContainersArguments([containerName(lab, machine.name)]), signal);
  const volume = volumeName(lab, machine.name);
  if ((await listNames('volume', lab, signal)).includes(volume))
    await podmanChange(['volume', 'rm', volume], signal);
  if (varSize === undefined) await podmanChange(createVolumeArguments(lab, machine.name), signal);
  const spec = { ...machine, lab, image, kind: kindOf(options) };
  await podmanChange(
    virtual === undefined
      ? runMachineArguments({ ...spec, tmpNoexec, varSize })
      : runVirtualMachineArguments({ ...spec, virtual, gateway, publicKey }),
    signal,
  );
}

async function hostKeyOf(
  lab: string,
  machine: string,
  kind: MachineKind,
  signal: AbortSignal | undefined,
): Promise<string> {
  const container = containerName(lab, machine);
  const look = async () => {
    const key = await unlessFailed(podman(['exec', container, 'cat', HOST_KEY[kind]], signal));
    return /^ssh-ed25519 \S+/.exec(key ?? '')?.[0];
  };
  const settings = { clock: systemClock, everyMs: POLL_MS, signal, host: machine };
  return waitUntil('its host key', look, {
    ...settings,
    timeoutMs: BOOT_TIMEOUT_MS[kind],
    hint: `podman logs ${container}`,
  });
}

/**
 * Waits until systemd has started everything. On a new machine a failed unit is an error (COMMAND_FAILED); on one
 * that was used, it is its users' business.
 */
export async function waitForBoot(
  access: LabAccess,
  machine: string,
  { isNew, signal }: { readonly isNew: boolean; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const ask = (...argv: string[]) => unlessFailed(execOnMachine(access, machine, argv, { signal }));
  const booted = async () => {
    if ((await ask('systemctl', 'is-system-running', '--wait')) !== undefined) return true;
    const failed = await ask('systemctl', 'list-units', '--failed', '--plain', '--no-legend');
    if (!failed) return undefined;
    if (!isNew) return true;
    throw new KbootError('COMMAND_FAILED', `${machine}: booted, but with failed units:\n${failed}`, {
      host: machine,
    });
  };
  await waitUntil('boot', booted, {
    clock: systemClock,
    timeoutMs: BOOT_TIMEOUT_MS[access.kind],
    everyMs: POLL_MS,
    signal,
    host: machine,
    hint: `podman logs ${containerName(access.name, machine)}`,
  });
}

/** Waits until a machine lets the lab's user in by ssh, with the lab's ssh_config. */
export async function waitForSsh(
  { files, kind }: LabAccess,
  machine: string,
  signal?: AbortSignal,
): Promise<void> {
  const options = ['-F', files.sshConfig, '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=30'];
  const answers = async () =>
    (await succeeds(['ssh', ...options, machine, 'true'], signal)) ? true : undefined;
  await waitUntil('ssh', answers, {
    clock: systemClock,
    timeoutMs: BOOT_TIMEOUT_MS[kind],
    everyMs: POLL_MS,
    signal,
    host: machine,
    hint: `ssh -v -F ${files.sshConfig} ${machine}`,
  });
}

async function provision(
  access: LabAccess,
  machine: LabMachine,
  { options, publicKey, gateway }: MachineRecipe,
  signal: AbortSignal | undefined,
): Promise<void> {
  const isBastion = machine.role === 'bastion';
  const user: LabOptions = isBastion ? { ...options, user: 'root', shell: 'sh' } : options;
  const { argv } = remoteScript('lab/provision', ...provisionArguments(user));
  await execOnMachine(access, machine.name, argv, { stdin: publicKey, signal });
  if (options.bastion && !isBastion) {
    await execOnMachine(access, machine.name, remoteScript('lab/behind-bastion', gateway).argv, { signal });
  }
}
