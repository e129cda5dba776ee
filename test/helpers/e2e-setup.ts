import { mkdtempSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
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

/** Lab machines share this kernel's limit for one user: a master takes 30 instances, a node 15; 128 is the default. */
const INOTIFY = '/proc/sys/fs/inotify/max_user_instances';
const INOTIFY_ENOUGH = 1024;

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (whyNoMachines !== undefined) return undefined;
  const limit = await readFile(INOTIFY, 'utf8');
  if (Number(limit) < INOTIFY_ENOUGH) await writeFile(INOTIFY, `${INOTIFY_ENOUGH}`);
  const folder = mkdtempSync(join(tmpdir(), 'kboot-e2e-'));
  const lab = `test-${process.pid}-0`;
  project.provide('e2e', { program: compileProgram(join(folder, 'program')), folder, lab });
  return async () => {
    await labDown(lab, {}, { env: { XDG_STATE_HOME: folder }, home: folder });
    await rm(folder, { recursive: true, force: true });
    const { stdout: others } = await execa('podman', ['ps', '--quiet', '--filter', 'label=kboot.lab']);
    if (others === '') await writeFile(INOTIFY, limit);
  };
}
