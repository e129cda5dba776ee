import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { CLUSTER_TIMEOUT_MS, defaultBundle, kubectl, MASTER, on } from '../helpers/cluster.ts';
import { kbootOk } from '../helpers/kboot-process.ts';
import { useLab } from '../helpers/lab.ts';
import { otherBuild } from '../helpers/other-build.ts';
import { difference, type Snapshot, takeSnapshot } from '../helpers/snapshot.ts';
import { describeVirtual } from '../helpers/virtual-suites.ts';
import { file } from '../system-container/make-image.ts';

const NODE = 'node1.example.com';
const BOTH = [MASTER, NODE] as const;

describeVirtual('virtual machines, at the first try', (suite) => {
  const own = useLab({ masters: 1, nodes: 1, options: { virtual: { suite } } });
  const before = new Map<string, Snapshot>();
  let other: string;

  /** Runs kboot once, and tells how long it took. */
  async function once(...argv: readonly string[]): Promise<void> {
    const started = performance.now();
    await kbootOk(own.folder, ...argv);
    console.info(`${suite}: kboot ${argv.join(' ')}: ${Math.round((performance.now() - started) / 1000)} s`);
  }

  beforeAll(async () => {
    await defaultBundle();
    other = await otherBuild(join(own.folder, 'two'), 'kubelet', [
      file('exports/hostfs/usr/local/bin/kubelet-two', '#!/bin/sh\n', 0o755),
    ]);
    // A first login makes folders and units of its own.
    await kbootOk(own.folder, 'reset', '--yes');
    for (const machine of BOTH) before.set(machine, await takeSnapshot(own.lab, machine));
  }, CLUSTER_TIMEOUT_MS);

  test.each([1, 2, 3])('become a cluster, are updated and reset: round %i', async () => {
    await once('init');
    await once('join', '--all');
    expect(await kubectl(own.folder, ['get', 'nodes', '-o', 'name'])).toBe(`node/${MASTER}\nnode/${NODE}`);
    await once('containers', 'update', 'kubelet', '--rebase', other, '--host', NODE);
    await on(own.lab, NODE, 'test -x /usr/local/bin/kubelet-two && systemctl is-active kubelet');
    await once('reset', '--yes');
    for (const machine of BOTH)
      expect(difference(before.get(machine) ?? [], await takeSnapshot(own.lab, machine)), machine).toEqual(
        [],
      );
  });
});
