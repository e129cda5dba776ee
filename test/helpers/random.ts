import { env } from 'node:process';
import fc from 'fast-check';

/** What random tests begin with: KBOOT_TEST_SEED, or another one each time. */
export const SEED =
  env['KBOOT_TEST_SEED'] === undefined ? Date.now() % 2 ** 31 : Number(env['KBOOT_TEST_SEED']);

/** So many numbers are there before they come again. */
const MANY = 1_000;

/** Draws from 0 to 1, evenly, the same after the same seed. Prints the seed, by which a failure can be seen again. */
export function randomNumbers(): () => number {
  console.info(`KBOOT_TEST_SEED=${SEED}`);
  const parts = 1_000_000;
  const drawn = fc.sample(fc.noBias(fc.integer({ min: 0, max: parts - 1 })), { seed: SEED, numRuns: MANY });
  let next = 0;
  return () => {
    const part = drawn[next % MANY] ?? 0;
    next += 1;
    return part / parts;
  };
}
