import type { Phase } from '../phase.ts';
import { drain, removeNode } from './leave.ts';
import { cleanNetwork } from './network.ts';
import { restore, uninstall } from './restore.ts';
import { stopCluster } from './stop.ts';

/** What makes a machine as it was before kboot. */
export const RESET: readonly Phase[] = [stopCluster, cleanNetwork, uninstall, restore];

/** The same for a node of a cluster that goes on: its pods move, and the cluster forgets it. */
export const REMOVE: readonly Phase[] = [drain, removeNode, ...RESET];
