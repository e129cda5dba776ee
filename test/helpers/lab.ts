import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll } from 'vitest';
import { type Lab, type LabContext, type LabUpRequest, labDown, labUp } from '../../src/lab/lab.ts';

/** Time for a lab to come up when its image has to be built first, on a busy machine. */
export const LAB_UP_TIMEOUT_MS = 600_000;

const LAB_DOWN_TIMEOUT_MS = 120_000;

/** A lab for the tests of one file, and a folder of its own with its kboot.yaml. */
export interface TestLab {
  /** Only inside tests and hooks that come after. */
  readonly lab: Lab;
  /** Where kboot.yaml is, and where tests may write. */
  readonly folder: string;
  readonly context: LabContext;
}

let made = 0;

/** A name that no other lab has, and which tells whose it is: `test-<process id>-<number>`. */
export function freshLabName(): string {
  made += 1;
  return `test-${process.pid}-${made}`;
}

/** Brings a lab up before the tests of this file or block, and takes it down after them. */
export function useLab(request: Omit<LabUpRequest, 'name' | 'clusterFile'> = {}): TestLab {
  const name = freshLabName();
  let folder: string | undefined;
  let lab: Lab | undefined;
  const inside = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('the lab is there only inside tests and hooks');
    return value;
  };
  const context = () => ({ env: { ...process.env, XDG_STATE_HOME: inside(folder) }, home: inside(folder) });

  beforeAll(async () => {
    await removeAbandonedLabs();
    folder = await mkdtemp(join(tmpdir(), 'kboot-lab-'));
    lab = await labUp({ ...request, name, clusterFile: join(folder, 'kboot.yaml') }, context());
  }, LAB_UP_TIMEOUT_MS);

  afterAll(async () => {
    if (folder === undefined) return;
    await labDown(name, {}, context());
    await rm(folder, { recursive: true, force: true });
  }, LAB_DOWN_TIMEOUT_MS);

  return {
    get lab() {
      return inside(lab);
    },
    get folder() {
      return inside(folder);
    },
    get context() {
      return context();
    },
  };
}

/** Takes down the labs of test processes that are gone: a killed one could not. */
async function removeAbandonedLabs(): Promise<void> {
  const { stdout } = await execa('podman', ['network', 'ls', '--quiet', '--filter', 'label=kboot.lab']);
  for (const network of stdout.split('\n')) {
    const [, name, pid] = /^kboot-lab-(test-(\d+)-\d+)$/.exec(network) ?? [];
    if (name === undefined || isAlive(Number(pid))) continue;
    await labDown(name, {}, { env: {}, home: join(tmpdir(), 'kboot-lab-abandoned') });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
