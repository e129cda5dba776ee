import { isDeepStrictEqual } from 'node:util';
import { KbootError } from '../lib/errors.ts';
import { USUAL_SIZE } from './kind.ts';
import { labCommand, type PlannedMachine, planMachines } from './names.ts';
import type { LabMachine, LabOptions, LabRecord, VirtualMachine } from './state.ts';

const DEFAULTS = { masters: 1, nodes: 2 };
const DEFAULT_OPTIONS: LabOptions = {
  user: 'root',
  sudo: true,
  shell: 'sh',
  tmpNoexec: false,
  bastion: false,
  imageBased: false,
};

/** The disk is a sparse file. */
const DEFAULT_VIRTUAL: VirtualMachine = { suite: 'bookworm', ...USUAL_SIZE, disk: '14G' };

/** Whom a stock Debian lets in: its installer makes a user who may use sudo. */
const VIRTUAL_USER = 'admin';

/** What someone may ask of a lab's machines; `virtual` makes them virtual ones, as far as said of this size. */
export type WantedOptions = Partial<Omit<LabOptions, 'virtual'>> & {
  readonly virtual?: Partial<VirtualMachine>;
};

/** What someone may ask of a lab. */
interface Wanted {
  readonly masters?: number;
  readonly nodes?: number;
  readonly options?: WantedOptions;
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
  const options = settleOptions(request.options, former?.options);
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

function settleOptions(
  { virtual: wanted, ...others }: WantedOptions = {},
  former: LabOptions | undefined,
): LabOptions {
  const usual = wanted === undefined ? DEFAULT_OPTIONS : { ...DEFAULT_OPTIONS, user: VIRTUAL_USER };
  const options = { ...(former ?? usual), ...others };
  if (wanted === undefined) return options;
  return { ...options, virtual: { ...DEFAULT_VIRTUAL, ...former?.virtual, ...wanted } };
}
