import pLimit from 'p-limit';

/** What became of one item of a fan-out. */
export type Outcome<I, T> =
  | { readonly item: I; readonly ok: true; readonly value: T }
  | { readonly item: I; readonly ok: false; readonly error: unknown };

/**
 * Runs `task` on every item, at most `limit` at a time, and waits for all of them, failed or not: no machine
 * is left changing behind the caller's back. The outcomes come in the order of the items.
 */
export async function fanOut<I, T>(
  items: readonly I[],
  limit: number,
  task: (item: I) => Promise<T>,
): Promise<readonly Outcome<I, T>[]> {
  const slots = pLimit(limit);
  return Promise.all(
    items.map((item) =>
      slots(() => task(item)).then(
        (value): Outcome<I, T> => ({ item, ok: true, value }),
        (error: unknown): Outcome<I, T> => ({ item, ok: false, error }),
      ),
    ),
  );
}
