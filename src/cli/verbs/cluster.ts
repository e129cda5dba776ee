import type { Cluster } from '../../config/cluster.ts';
import { loadCluster } from '../../config/load.ts';
import type { Run } from '../verb.ts';

/** The cluster file of a run; what is odd about it is told, what is wrong is thrown. */
export async function readCluster({ file, io, report }: Run): Promise<Cluster> {
  const { cluster, warnings } = await loadCluster(file, io.home);
  for (const text of warnings) report({ type: 'warning', text });
  return cluster;
}
