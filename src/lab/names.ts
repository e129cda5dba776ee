import { KbootError } from '../lib/errors.ts';

/** A machine of a lab before it has an address. */
export interface PlannedMachine {
  /** `node1.example.com` */
  readonly name: string;
  readonly role: 'master' | 'node' | 'bastion';
  /** The last number of its address in the lab's network, which is a /24. */
  readonly number: number;
}

/** Name of the lab when none is given. */
export const DEFAULT_LAB = 'kboot';

/** How many machines a lab can have: what their numbers in one /24 leave room for. */
const MOST = { masters: 9, nodes: 150 };

const LAB_NAME = /^[a-z][a-z0-9-]{0,29}$/;

/** Throws USAGE unless `name` can be part of a container's, a network's and a folder's name. */
export function checkLabName(name: string): void {
  if (LAB_NAME.test(name)) return;
  throw new KbootError('USAGE', `"${name}" is no name for a lab`, {
    hint: 'use lower case letters, digits and dashes, a letter first, at most 30 characters',
  });
}

/**
 * The machines of a lab: master.example.com (master2, master3 ...), node1.example.com, node2 ... in this order.
 * The same machine has the same number in every lab. Throws USAGE when there are too few or too many.
 */
export function planMachines(shape: {
  readonly masters: number;
  readonly nodes: number;
  readonly bastion: boolean;
}): readonly PlannedMachine[] {
  const { masters, nodes, bastion } = shape;
  checkCount('masters', masters, 1, MOST.masters);
  checkCount('nodes', nodes, 0, MOST.nodes);
  return [
    ...(bastion ? [{ name: 'bastion.example.com', role: 'bastion', number: 5 } as const] : []),
    ...Array.from({ length: masters }, (_, index) => ({
      name: index === 0 ? 'master.example.com' : `master${index + 1}.example.com`,
      role: 'master' as const,
      number: 11 + index,
    })),
    ...Array.from({ length: nodes }, (_, index) => ({
      name: `node${index + 1}.example.com`,
      role: 'node' as const,
      number: 51 + index,
    })),
  ];
}

/** The address with the given last number in a /24 like `10.89.3.0/24`. */
export function addressIn(subnet: string, number: number): string {
  const match = /^(\d+\.\d+\.\d+)\.0\/24$/.exec(subnet);
  if (!match) throw new KbootError('REFUSED', `the lab's network is ${subnet}, and a /24 is needed`);
  return `${match[1]}.${number}`;
}

/** `master` of `master.example.com`. */
export function shortName(machine: string): string {
  return machine.split('.', 1)[0] ?? machine;
}

/** The name of a lab's podman network. */
export function networkName(lab: string): string {
  return `kboot-lab-${lab}`;
}

/** The name of a machine's podman container; podman's names are the same for all labs, a lab's machines are not. */
export function containerName(lab: string, machine: string): string {
  return `kboot-lab-${lab}-${machine}`;
}

/** The name of the podman volume that is a machine's /var. */
export function volumeName(lab: string, machine: string): string {
  return `${containerName(lab, machine)}-var`;
}

/** The podman label that everything of a lab carries. */
export function labLabel(lab: string): string {
  return `kboot.lab=${lab}`;
}

/** A verb of the lab as one types it: `kboot lab up --name mine`. */
export function labCommand(words: string, lab: string): string {
  return `kboot lab ${words}${lab === DEFAULT_LAB ? '' : ` --name ${lab}`}`;
}

function checkCount(what: string, count: number, least: number, most: number): void {
  if (Number.isInteger(count) && count >= least && count <= most) return;
  throw new KbootError('USAGE', `a lab has ${least} to ${most} ${what}, not ${count}`);
}
