import type { Token } from '../kubeadm/token.ts';

/** How a machine can tell that it talks to the right cluster. */
export interface JoinTrust {
  /** A token that is good for some minutes at least: ask again for each use. */
  token(signal: AbortSignal): Promise<Token>;
  /** Pins of the cluster's CA, read on the first master over SSH. */
  readonly caCertHashes: readonly string[];
}
