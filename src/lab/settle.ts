import { isDeepStrictEqual } from 'node:util';
import { KbootError } from '../lib/errors.ts';
import { labCommand, type PlannedMachine, planMachines } from './names.ts';
import type { LabMachine, LabOptions, LabRecord } from './state.ts';

const DEFAULTS = { masters: 1, nodes: 2 };
const DEFAULT_OPTIONS: LabOptions = {
  user: 'root',
  sudo: true,
  shell: 'sh',
  tmpNoexec: false,
  bastion: false,
  imageBased: false,
};

/** What someone may ask of a lab. */
interface Wanted {
  readonly masters?: number;
  readonly nodes?: number;
  readonly options?: Partial<LabOptions>;
}

/**
 * What the lab is to be: as asked, else as it is already (`former`), else the defaults. Throws REFUSED for what
 * would need a lab made anew: fewer machines, or machines of another kind.
 */
export function settle(
  request: Wanted,
  former: LabRecord | undefined,
): { readonly planned: readonly PlannedMachine[]; readonly options: LabOptions } {
  const count = (role: LabMachine['role']) =>
    former?.machines.filter((machine) => machine.role === role).length;
  const options: LabOptions = { ...(former?.options ?? DEFAULT_OPTIONS), ...request.options };
  const planned = planMachines({
    masters: request.masters ?? count('master') ?? DEFAULTS.masters,
    nodes: request.nodes ?? count('node') ?? DEFAULTS.nodes,
    bastion: options.bastion,
  });
  if (former === undefined) return { planned, options };
  const surplus = former.machines.filter(({ name }) => !planned.some((wanted) => wanted.name === name));
  const isOther = !isDeepStrictEqual(former.options, options);
  if (surplus.length === 0 && !isOther) return { planned, options };
  const what = isOther
    ? 'was made with other options'
    : `has more machines: ${surplus.map(({ name }) => name).join(', ')}`;
  const [up, down] = [labCommand('up', former.name), labCommand('down', former.name)];
  throw new KbootError('REFUSED', `lab ${former.name}: is there already and ${what}`, {
    hint: `${down} first, or ${up} without numbers to keep it as it is`,
  });
}
