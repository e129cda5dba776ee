import { z } from 'zod';
import { KbootError } from '../lib/errors.ts';
import { kindOfLabel, type MachineKind } from './kind.ts';
import { labLabel } from './names.ts';
import { run } from './run.ts';

/**
 * Has podman change something. Not to be interrupted: a podman that is ended on its way leaves bridges, mounts and
 * addresses taken, which it never finds again. Throws like `run`.
 */
export async function podmanChange(args: readonly string[], signal?: AbortSignal): Promise<void> {
  await run(['podman', ...args], { signal, uninterrupted: true });
}

/** Asks podman, and returns what it wrote to standard output. Throws like `run`. */
export async function podman(args: readonly string[], signal?: AbortSignal, stdin?: string): Promise<string> {
  return run(['podman', ...args], { signal, ...(stdin !== undefined && { stdin }) });
}

const Container = z.object({
  Names: z.array(z.string()).min(1),
  Labels: z.record(z.string(), z.string()),
  State: z.string(),
});

/** A machine as podman knows it. */
export interface LabContainer {
  readonly container: string;
  readonly machine: string;
  readonly role: string;
  readonly address: string;
  readonly kind: MachineKind;
  /** podman's word: `running`, `exited`, `created` ... */
  readonly state: string;
}

/** The containers of a lab, running or not. */
export async function listContainers(lab: string, signal?: AbortSignal): Promise<readonly LabContainer[]> {
  const json = await podman(
    ['ps', '--all', '--filter', `label=${labLabel(lab)}`, '--format', 'json'],
    signal,
  );
  return parseContainers(json);
}

/** Reads what `podman ps --format json` prints: nothing, where there is no container. Throws COMMAND_FAILED. */
export function parseContainers(json: string): readonly LabContainer[] {
  return read(z.array(Container), json || '[]', 'podman ps').map(({ Names, Labels, State }) => ({
    container: Names[0] ?? '',
    machine: Labels['kboot.machine'] ?? '',
    role: Labels['kboot.role'] ?? '',
    address: Labels['kboot.address'] ?? '',
    kind: kindOfLabel(Labels['kboot.kind']),
    state: State,
  }));
}

/** The names of the lab's networks or volumes. */
export async function listNames(
  kind: 'network' | 'volume',
  lab: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const names = await podman([kind, 'ls', '--quiet', '--filter', `label=${labLabel(lab)}`], signal);
  return names.split('\n').filter((name) => name !== '');
}

const Network = z.array(
  z.object({ subnets: z.array(z.object({ subnet: z.string(), gateway: z.string() })).min(1) }),
);

/** The subnet of a network, in CIDR notation, and the address that this machine has in it. */
export async function inspectNetwork(
  network: string,
  signal?: AbortSignal,
): Promise<{ readonly subnet: string; readonly gateway: string }> {
  return parseNetwork(await podman(['network', 'inspect', network], signal), network);
}

/** Reads what `podman network inspect` prints. Throws COMMAND_FAILED. */
export function parseNetwork(
  json: string,
  network: string,
): { readonly subnet: string; readonly gateway: string } {
  const command = `podman network inspect ${network}`;
  const first = read(Network, json, command)[0]?.subnets[0];
  if (first === undefined) throw notUnderstood(command, undefined);
  return first;
}

function read<T>(schema: z.ZodType<T>, json: string, command: string): T {
  try {
    return schema.parse(JSON.parse(json));
  } catch (cause) {
    throw notUnderstood(command, cause);
  }
}

const notUnderstood = (command: string, cause: unknown): KbootError =>
  new KbootError('COMMAND_FAILED', `this machine: what podman prints is not understood: ${command}`, {
    cause,
    hint: 'see what that command prints; kboot needs podman 4.3 or newer',
  });
