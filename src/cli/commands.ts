import { registerBundle } from './bundle/command.ts';
import { registerInit, registerJoin, registerReset } from './cluster/command.ts';
import { registerContainers } from './containers/command.ts';
import { registerLab } from './lab/command.ts';
import type { Register } from './verb.ts';

/** Every verb, in the order of `kboot --help`. */
export const COMMANDS: readonly Register[] = [
  registerInit,
  registerJoin,
  registerReset,
  registerContainers,
  registerBundle,
  registerLab,
];
