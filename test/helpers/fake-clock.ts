import type { Clock } from '../../src/lib/clock.ts';

/** Time that goes on only when somebody sleeps, or when a test says so. */
export class FakeClock implements Clock {
  #now: number;

  constructor(now = Date.parse('2026-01-01T00:00:00Z')) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#now += ms;
  }

  advance(ms: number): void {
    this.#now += ms;
  }
}
