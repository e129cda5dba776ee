import type { Cluster } from '../../config/cluster.ts';
import { loadCluster } from '../../config/load.ts';
import { KbootError } from '../../lib/errors.ts';
import type { Run } from '../verb.ts';

/** The cluster file of a run; what is odd about it is told, what is wrong is thrown. */
export async function readCluster({ file, io, report }: Run): Promise<Cluster> {
  const { cluster, warnings } = await loadCluster(file, io.home);
  for (const text of warnings) report({ type: 'warning', text });
  return cluster;
}

/** Throws CONFIG_INVALID for a cluster of several masters: kboot sets up the first only, and would ignore the others. */
export function requireOneMaster({ file, masters }: Cluster): void {
  if (masters.length === 1) return;
  const others = masters.slice(1).map(({ name }) => name);
  throw new KbootError(
    'CONFIG_INVALID',
    `${file}: kboot makes clusters of one master so far, and it lists ${masters.length}`,
    {
      hint: `leave ${masters[0]?.name} alone under masters; ${others.join(' and ')} can be nodes`,
    },
  );
}
