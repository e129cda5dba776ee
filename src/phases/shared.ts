import type { Token } from '../kubeadm/token.ts';

/** A value that one phase makes for a later one. */
export class Slot<T> {
  readonly #what: string;
  #value: { readonly it: T } | undefined;

  constructor(what: string) {
    this.#what = what;
  }

  set(value: T): void {
    this.#value = { it: value };
  }

  /** The value; throws when the phase that makes it has not run: a mistake in a recipe. */
  get(): T {
    if (!this.#value) throw new Error(`no phase has made ${this.#what}`);
    return this.#value.it;
  }
}

/** How a machine can tell that it talks to the right cluster. */
export interface JoinTrust {
  /** A token that is good for some minutes at least: ask again for each use. */
  token(signal: AbortSignal): Promise<Token>;
  /** Pins of the cluster's CA, read on the first master over SSH. */
  readonly caCertHashes: readonly string[];
}

/** The slots of one run. */
export class Shared {
  /** Names of machines that did not find the right cluster: what was sent to them is taken back. */
  readonly untrusting = new Set<string>();
  readonly joinTrust = new Slot<JoinTrust>('the join token');
}
