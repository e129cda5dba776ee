import { endpointForm } from './endpoint.ts';
import { masterCount } from './master-count.ts';
import { networks } from './networks.ts';
import type { Rule } from './rule.ts';
import { uniqueMachines } from './unique-machines.ts';

/** Every rule that a cluster as a whole has to keep. */
export const RULES: readonly Rule[] = [masterCount, uniqueMachines, networks, endpointForm];
