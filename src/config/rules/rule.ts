import type { Cluster } from '../cluster.ts';
import type { Finding } from '../issue.ts';

/** Looks at a cluster whose single fields are all well formed, and says what is wrong with it as a whole. */
export type Rule = (cluster: Cluster) => readonly Finding[];
