import type { Bundle } from '../../bundle/open.ts';
import type { Host } from '../../host/host.ts';
import { KbootError } from '../../lib/errors.ts';
import { plannedContainers } from '../../phases/planned-containers.ts';
import type { ClusterState, MachineState } from '../../session/state.ts';
import { hostFileConflicts } from '../../system-container/index.ts';
import { HISTORY_CHECKS } from './history.ts';
import { MACHINE_CHECKS } from './machine.ts';
import { NETWORK_CHECKS } from './network.ts';
import { error, type Problem } from './problem.ts';
import { readOnly } from './read-only.ts';
import { disk } from './space.ts';

const CHECKS = [...MACHINE_CHECKS, readOnly, disk, ...NETWORK_CHECKS, ...HISTORY_CHECKS];

/** Every problem of every machine, in the order of the machines. */
export function preflight(clusterState: ClusterState, bundle: Bundle): readonly Problem[] {
  return clusterState.states.flatMap((state) =>
    CHECKS.flatMap((check) => check(state, clusterState, bundle)).map((problem) => ({
      ...problem,
      host: state.machine.name,
    })),
  );
}

/**
 * Files of somebody else where the system containers' files would go, on machines that kboot has not changed
 * yet and which have a place for them. Asks the machines; changes nothing.
 */
export async function foreignFiles(
  clusterState: ClusterState,
  hosts: ReadonlyMap<MachineState, Host>,
  bundle: Bundle,
  cacheDir: string,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const fresh = clusterState.states.filter(
    (state) => state.ledger === undefined && readOnly(state, clusterState, bundle).length === 0,
  );
  const found = await Promise.all(
    fresh.map(async (state): Promise<readonly Problem[]> => {
      const host = hosts.get(state);
      if (!host) return [];
      const planned = await plannedContainers(state, clusterState, bundle, cacheDir);
      const conflicts = await hostFileConflicts(host, planned, signal);
      return conflicts.map(({ path, name }) => ({
        ...error(`${path} is there already, and not from kboot`, `move it away: ${name} brings its own`),
        host: state.machine.name,
      }));
    }),
  );
  return found.flat();
}

/** Throws PREFLIGHT_FAILED with all errors and their remedies; resolves with nothing when there is none. */
export function refuseErrors(problems: readonly Problem[]): void {
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  const lines = errors.map(({ host, what, remedy }) => `${host}: ${what}\n    ${remedy}`);
  throw new KbootError(
    'PREFLIGHT_FAILED',
    `nothing was changed: ${errors.length} problems\n  ${lines.join('\n  ')}`,
  );
}
