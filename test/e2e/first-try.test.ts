import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { CLUSTER_TIMEOUT_MS, defaultBundle, kubectl, MASTER, on } from '../helpers/cluster.ts';
import { kbootOk } from '../helpers/kboot-process.ts';
import { useLab } from '../helpers/lab.ts';
import { kubeletTwo, RUNS_KUBELET_TWO } from '../helpers/other-build.ts';
import { Snapshots } from '../helpers/snapshot.ts';
import { describeVirtual } from '../helpers/virtual-suites.ts';

const NODE = 'node1.example.com';
const BOTH = [MASTER, NODE] as const;

describeVirtual('virtual machines, at the first try', (suite) => {
  const own = useLab({ masters: 1, nodes: 1, options: { virtual: { suite } } });
  const snapshots = new Snapshots(own);
  let other: string;

  /** Runs kboot once, and tells how long it took. */
  async function once(...argv: readonly string[]): Promise<void> {
    const started = performance.now();
    await kbootOk(own.folder, ...argv);
    console.info(`${suite}: kboot ${argv.join(' ')}: ${Math.round((performance.now() - started) / 1000)} s`);
  }

  beforeAll(async () => {
    await defaultBundle();
    other = await kubeletTwo(join(own.folder, 'two'));
    // A first login makes folders and units of its own.
    await kbootOk(own.folder, 'reset', '--yes');
    await snapshots.take(...BOTH);
  }, CLUSTER_TIMEOUT_MS);

  test.each([1, 2, 3])('become a cluster, are updated and reset: round %i', async () => {
    await once('init');
    await once('join', '--all');
    expect(await kubectl(own.folder, ['get', 'nodes', '-o', 'name'])).toBe(`node/${MASTER}\nnode/${NODE}`);
    await once('containers', 'update', 'kubelet', '--rebase', other, '--host', NODE);
    await on(own.lab, NODE, RUNS_KUBELET_TWO);
    await once('reset', '--yes');
    for (const machine of BOTH) expect(await snapshots.changed(machine), machine).toEqual([]);
  });
});
