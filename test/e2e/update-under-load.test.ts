import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { otherBuild } from '../../scripts/other-build.mjs';
import { updateUnderLoad } from '../../scripts/update-under-load.mjs';
import { defaultBundle, kubectl, kubectlJson, MACHINES, useSharedCluster } from '../helpers/cluster.ts';
import { kbootOk, runKboot } from '../helpers/kboot-process.ts';
import { shellImage } from '../helpers/pods.ts';
import { describeE2e } from '../helpers/require-e2e.ts';

const CONTAINERS = ['kubelet', 'node-runtime', 'etcd'];

interface Row {
  readonly container: string;
  readonly change: string;
  readonly downtimeMs: number;
  readonly requests: number;
  readonly failed: number;
  readonly lost: readonly string[];
  readonly restarted: readonly string[];
}

describeE2e('system containers under a running workload', () => {
  const cluster = useSharedCluster();

  test('are updated and rolled back, and no pod is lost or restarted', async () => {
    const bundle = await defaultBundle();
    const folder = await mkdtemp(join(cluster.folder, 'other-'));
    const rebase = Object.fromEntries(
      await Promise.all(
        CONTAINERS.map(async (name) => [name, await otherBuild(bundle, name, join(folder, name))]),
      ),
    );
    const rows: readonly Row[] = await updateUnderLoad({
      kboot: (args: string[]) => kbootOk(cluster.folder, ...args),
      kubectl: (args: string[], input?: string) => kubectl(cluster.folder, args, input),
      image: await shellImage(),
      addresses: cluster.lab.machines.slice(1).map(({ address }) => address),
      ...{ containers: CONTAINERS, rebase, where: ['--all-hosts'] },
    });
    for (const { container, change, downtimeMs, requests, failed } of rows) {
      process.stdout.write(
        `${container} ${change}: away ${downtimeMs} ms, ${failed} of ${requests} requests failed\n`,
      );
    }
    expect(rows.length).toBe(6);
    for (const row of rows) {
      expect(row).toMatchObject({ lost: [], restarted: [] });
      expect(row.requests).toBeGreaterThan(50);
      // Noise of a busy machine is no defect; a service that is away for a second would be far more.
      expect(row.failed / row.requests, JSON.stringify(row)).toBeLessThan(0.05);
    }
    expect(await kbootOk(cluster.folder, 'join', '--all')).toContain('no changes');
  });

  test('what fails is rolled back by itself, on the machine where it failed', async () => {
    const bundle = await defaultBundle();
    const folder = await mkdtemp(join(cluster.folder, 'broken-'));
    const broken = await otherBuild(bundle, 'kubelet', folder, {
      'usr/bin/kubelet-start': '#!/bin/sh\necho this build is broken >&2\nexit 1\n',
    });
    const node = MACHINES[1];
    const { code, stderr } = await runKboot(
      cluster.folder,
      ...['containers', 'update', 'kubelet', '--host', node, '--rebase', broken],
    );
    expect(code, stderr).toBe(18);
    expect(stderr).toContain(`${node}: kubelet: `);
    expect(stderr).toContain('rolled back to /var/lib/containers/atomic/kubelet.');
    const { status } = await kubectlJson(cluster.folder, 'get', 'node', node);
    const ready = status.conditions.find(({ type }: { type: string }) => type === 'Ready');
    expect(ready.status).toBe('True');
    const listed = JSON.parse(await kbootOk(cluster.folder, 'containers', 'list', '--host', node, '--json'));
    expect(listed).toContainEqual(expect.objectContaining({ name: 'kubelet', state: 'running' }));
    const nothing = await runKboot(cluster.folder, 'containers', 'rollback', 'kubelet', '--host', node);
    expect(nothing.code, nothing.stderr).toBe(14);
  });
});
