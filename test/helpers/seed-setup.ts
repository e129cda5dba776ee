import { env } from 'node:process';
import fc from 'fast-check';
import { SEED } from './random.ts';

// Without it each property has a seed of its own, which it prints when it fails.
if (env['KBOOT_TEST_SEED'] !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED });
