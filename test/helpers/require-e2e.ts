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
