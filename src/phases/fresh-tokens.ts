import type { Token } from '../kubeadm/token.ts';
import type { Clock } from '../lib/clock.ts';

/** A token that is older is not handed out any more: of the fifteen minutes that it lives, ten are left for a join. */
const YOUNG_MS = 5 * 60_000;

/** Hands out tokens which are young enough to be used, and makes another one only when there is none. */
export class FreshTokens {
  readonly #clock: Clock;
  readonly #make: (signal: AbortSignal) => Promise<Token>;
  #last: { readonly token: Promise<Token>; readonly madeAt: number } | undefined;

  constructor(clock: Clock, make: (signal: AbortSignal) => Promise<Token>) {
    this.#clock = clock;
    this.#make = make;
  }

  /** A young token. Who asks while one is being made gets the same; one that could not be made is forgotten. */
  async get(signal: AbortSignal): Promise<Token> {
    const others = this.#young();
    if (others !== undefined) {
      try {
        return await others;
      } catch {
        // The machine that made it may have been stopped, which is no reason for this one to fail.
        signal.throwIfAborted();
        return this.get(signal);
      }
    }
    const made = { token: this.#make(signal), madeAt: this.#clock.now() };
    this.#last = made;
    try {
      return await made.token;
    } catch (error) {
      if (this.#last === made) this.#last = undefined;
      throw error;
    }
  }

  #young(): Promise<Token> | undefined {
    if (this.#last === undefined) return undefined;
    const age = this.#clock.now() - this.#last.madeAt;
    // A clock that was set back makes a token look younger than it is, or not born yet.
    return age < 0 || age > YOUNG_MS ? undefined : this.#last.token;
  }
}
