// Adds up the tests and the checks: prints `N passed, N failed` as the last line of a CI run.
// Arguments: vitest's JSON report, the output of `npm run check`, how many steps failed. A report that is not
// there counts nothing: its step is among the failed ones.
import { readFileSync } from 'node:fs';
import process from 'node:process';

const [report, checks, failedSteps] = process.argv.slice(2);
const read = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

const tests = JSON.parse(read(report) || '{}');
const [, passedChecks = 0, failedChecks = 0] = /^(\d+) passed, (\d+) failed$/m.exec(read(checks)) ?? [];
const passed = (tests.numPassedTests ?? 0) + Number(passedChecks);
const failed = (tests.numFailedTests ?? 0) + Number(failedChecks);
// A step can fail without a failed test: a suite that does not load, an installation.
process.stdout.write(`${passed} passed, ${Math.max(failed, Number(failedSteps))} failed\n`);
