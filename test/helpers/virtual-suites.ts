import { env } from 'node:process';
import { SUITES, type Suite } from '../../src/lab/kind.ts';
import { describeE2eIf } from './require-e2e.ts';

const asked = (env['KBOOT_E2E_VM'] ?? '').split(',');

/** The releases of Debian that are wanted: those that KBOOT_E2E_VM names, all with KBOOT_E2E_ALL=1, usually none. */
export const wantedSuites: readonly Suite[] = SUITES.filter(
  (suite) => env['KBOOT_E2E_ALL'] === '1' || asked.includes(suite),
);

/** Milliseconds: an emulated cluster takes the better part of an hour. */
const TIMEOUT_MS = 3 * 60 * 60_000;

/** Tests on virtual machines with each of the wanted releases. */
export function describeVirtual(title: string, tests: (suite: Suite) => void): void {
  const isWanted = wantedSuites.length > 0;
  const describeSuite = describeE2eIf(isWanted, `set KBOOT_E2E_VM=${SUITES.join(',')}`);
  for (const suite of isWanted ? wantedSuites : SUITES)
    describeSuite(`${title}, Debian ${suite}`, { timeout: TIMEOUT_MS }, () => tests(suite));
}
