import { beforeAll, expect, test } from 'vitest';
import { eventually, kubectl, kubectlJson, MASTER, NODES, on, useSharedCluster } from '../helpers/cluster.ts';
import { kbootOk, runKboot } from '../helpers/kboot-process.ts';
import { create, shellContainer } from '../helpers/pods.ts';
import { describeE2e } from '../helpers/require-e2e.ts';

const [STAYS, LEAVES] = NODES;
const LABELS = { app: 'moving' };

interface Pod {
  readonly spec: { readonly nodeName: string };
  readonly status: { readonly phase: string };
  readonly metadata: { readonly deletionTimestamp?: string };
}

describeE2e('a node that leaves the cluster', () => {
  const cluster = useSharedCluster();
  const kube = (...args: string[]) => kubectl(cluster.folder, args);

  const places = async (): Promise<readonly string[]> => {
    const { items } = await kubectlJson(cluster.folder, 'get', 'pods', '-l', 'app=moving');
    return items
      .filter(({ status, metadata }: Pod) => status.phase === 'Running' && !metadata.deletionTimestamp)
      .map(({ spec }: Pod) => spec.nodeName);
  };

  beforeAll(async () => {
    await kube('cordon', STAYS);
    await create(cluster.folder, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'moving' },
      spec: {
        replicas: 2,
        selector: { matchLabels: LABELS },
        template: {
          metadata: { labels: LABELS },
          spec: { terminationGracePeriodSeconds: 0, containers: [await shellContainer('exec sleep 100000')] },
        },
      },
    } as { kind: string });
    await kube('rollout', 'status', 'deployment/moving', '--timeout=120s');
    await kube('uncordon', STAYS);
    expect(await places()).toEqual([LEAVES, LEAVES]);
    return async () => {
      await kube('delete', 'deployment/moving', 'poddisruptionbudget/moving', '--ignore-not-found');
    };
  });

  test('stays, and takes pods, when a PodDisruptionBudget does not let its pods go', async () => {
    await create(cluster.folder, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'moving' },
      spec: { minAvailable: 2, selector: { matchLabels: LABELS } },
    } as { kind: string });
    const reset = ['reset', LEAVES, '--yes', '--drain-timeout', '20s'];
    const { code, stderr } = await runKboot(cluster.folder, ...reset);
    expect(code, stderr).toBe(12);
    expect(stderr).toContain(`${LEAVES}: its pods did not leave it`);
    expect(stderr).toMatch(/disruption budget/);
    expect(stderr).toContain('PodDisruptionBudget');
    expect(await places()).toEqual([LEAVES, LEAVES]);
    const { spec } = await kubectlJson(cluster.folder, 'get', 'node', LEAVES);
    expect(spec.unschedulable).toBeUndefined();
    expect(await kbootOk(cluster.folder, 'join', '--all')).toContain('no changes');
  });

  test('goes when its pods can run elsewhere, and joins again', async () => {
    await kube('delete', 'poddisruptionbudget/moving', '--ignore-not-found');
    expect(await kbootOk(cluster.folder, 'reset', LEAVES, '--yes')).toContain(`as before kboot: ${LEAVES}`);
    expect(await kube('get', 'nodes', '-o', 'name')).toBe(
      [MASTER, STAYS].map((name) => `node/${name}`).join('\n'),
    );
    await eventually('the pods to run elsewhere', async () => {
      const now = await places();
      return now.length === 2 && now.every((node) => node === STAYS) ? true : undefined;
    });
    expect(
      await on(
        cluster.lab,
        LEAVES,
        'ls -d /var/lib/kubelet /etc/kubernetes /var/lib/kboot 2>/dev/null || true',
      ),
    ).toBe('');
    expect(await kbootOk(cluster.folder, 'join', '--all')).toContain(LEAVES);
    expect((await kube('get', 'nodes', '-o', 'name')).split('\n').length).toBe(3);
  });

  test('is refused when it is the master of others', async () => {
    const { code, stderr } = await runKboot(cluster.folder, 'reset', MASTER, '--yes');
    expect(code, stderr).toBe(14);
    expect(stderr).toContain(`${MASTER} is a master`);
  });
});
