import { userInfo } from 'node:os';
import { describe, expect, type TestOptions, test } from 'vitest';
import { missingPackages } from '../../src/lab/requirements.ts';

/** Set to 1 where tests on real machines must run (CI): what would skip them fails them instead. */
const isRequired = process.env['KBOOT_REQUIRE_E2E'] === '1';

const isRoot = userInfo().uid === 0;
const missing = await missingPackages(process.env['PATH'] ?? '');

/** Why no real machines can run here; undefined when they can. */
export const whyNoMachines: string | undefined = !isRoot
  ? 'not root'
  : missing.length > 0
    ? `missing packages: ${missing.join(', ')}`
    : undefined;

/** The same for tests that are too long for every run, or need something from outside: `how` says how they are run. */
export function describeE2eIf(isWanted: boolean, how: string): typeof describeE2e {
  if (isWanted) return describeE2e;
  return (title, ...rest) => {
    console.warn(`SKIPPED, ${how} to run it: ${title}`);
    describe.skip(title, rest.length === 1 ? rest[0] : rest[1]);
  };
}

/**
 * `describe` for tests on real machines. Where those cannot run the tests are skipped, with the reason in their
 * title and on standard error, unless KBOOT_REQUIRE_E2E=1.
 */
export function describeE2e(title: string, ...rest: [() => void] | [TestOptions, () => void]): void {
  const [options, tests] = rest.length === 1 ? [{}, rest[0]] : rest;
  if (whyNoMachines === undefined) {
    describe(title, options, tests);
    return;
  }
  if (isRequired) {
    test(title, () =>
      expect.fail(`KBOOT_REQUIRE_E2E=1, but real machines cannot run here: ${whyNoMachines}`),
    );
    return;
  }
  console.warn(`SKIPPED, real machines cannot run here (${whyNoMachines}): ${title}`);
  describe.skip(`${title} [no real machines: ${whyNoMachines}]`, tests);
}
