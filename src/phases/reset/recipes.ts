import { isNode, type Phase } from '../phase.ts';
import { drain, removeNode } from './leave.ts';
import { cleanNetwork } from './network.ts';
import { restore, uninstall } from './restore.ts';
import { stopCluster } from './stop.ts';

/** What makes a machine as it was before kboot. */
export const RESET: readonly Phase[] = [stopCluster, cleanNetwork, uninstall, restore];

/**
 * The same for nodes of a cluster that goes on: their pods move, for which they have so many seconds, and the cluster
 * forgets them. The first master is part of such a run, because it is asked; nothing of it is taken away.
 */
export function removal(drainTimeoutS: number): readonly Phase[] {
  const drained = drain(drainTimeoutS);
  const removed = removeNode(drained);
  const reset = RESET.map(
    (phase): Phase => ({ ...phase, on: isNode, after: phase === stopCluster ? [removed] : phase.after }),
  );
  return [drained, removed, ...reset];
}
