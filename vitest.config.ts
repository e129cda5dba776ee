import { env } from 'node:process';
import { defineConfig } from 'vitest/config';

const MINUTE = 60_000;

/** Where a machine-readable report goes, beside the usual output; CI reads its numbers from it. */
const jsonReport = env['KBOOT_TEST_REPORT'];

export default defineConfig({
  test: {
    reporters: jsonReport === undefined ? ['default'] : ['default', ['json', { outputFile: jsonReport }]],
    coverage: { provider: 'v8', include: ['src/**'] },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          setupFiles: ['test/helpers/seed-setup.ts'],
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Real machines: one file at a time, after the others, so that no test measures another one's load.
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/helpers/e2e-setup.ts'],
          setupFiles: ['test/helpers/seed-setup.ts'],
          testTimeout: 10 * MINUTE,
          hookTimeout: 30 * MINUTE,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
