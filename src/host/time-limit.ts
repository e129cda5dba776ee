/** What a timer of Node takes; a longer one would be over at once. About 25 days. */
const LONGEST_MS = 2 ** 31 - 1;

/** A time limit and a caller's signal as one signal. `clear` must be called when the work is done. */
export class TimeLimit {
  readonly ms: number;
  readonly signal: AbortSignal;
  readonly clear: () => void;
  #expired = false;

  constructor(ms: number, outer?: AbortSignal) {
    outer?.throwIfAborted();
    const controller = new AbortController();
    const timer = setTimeout(
      () => {
        this.#expired = true;
        controller.abort(new DOMException(`not finished after ${ms} ms`, 'TimeoutError'));
      },
      Math.min(ms, LONGEST_MS),
    );
    const cancel = (): void => controller.abort(outer?.reason);
    outer?.addEventListener('abort', cancel, { once: true });
    this.ms = ms;
    this.signal = controller.signal;
    this.clear = () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', cancel);
    };
  }

  /** Whether the signal aborted because the time was up. */
  get expired(): boolean {
    return this.#expired;
  }
}
