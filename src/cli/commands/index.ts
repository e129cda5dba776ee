import type { Register } from '../verb.ts';
import { registerBundle } from './bundle.ts';
import { registerContainers } from './containers.ts';
import { registerInit } from './init.ts';
import { registerJoin } from './join.ts';
import { registerLab } from './lab.ts';
import { registerReset } from './reset.ts';

/** Every verb, in the order of `kboot --help`. */
export const COMMANDS: readonly Register[] = [
  registerInit,
  registerJoin,
  registerReset,
  registerContainers,
  registerBundle,
  registerLab,
];
