import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { labDown } from '../../src/lab/lab.ts';
import { compileProgram } from './built.ts';
import { whyNoMachines } from './require-e2e.ts';

/** What all suites on real machines share: made before the first of them, taken away after the last. */
export interface SharedByE2e {
  /** The compiled program. */
  readonly program: string;
  /** Holds the folder of the cluster that suites share, and its lab's files. */
  readonly folder: string;
  /** Name of the lab of the cluster that suites share; the first suite that needs it brings it up. */
  readonly lab: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    e2e: SharedByE2e;
  }
}

export default function setup(project: TestProject): (() => Promise<void>) | undefined {
  if (whyNoMachines !== undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'kboot-e2e-'));
  const lab = `test-${process.pid}-0`;
  project.provide('e2e', { program: compileProgram(join(folder, 'program')), folder, lab });
  return async () => {
    await labDown(lab, {}, { env: { XDG_STATE_HOME: folder }, home: folder });
    await rm(folder, { recursive: true, force: true });
  };
}
