import { beforeAll, expect, test } from 'vitest';
import { rebootMachine } from '../../src/lab/lab.ts';
import {
  eventually,
  kubectl,
  kubectlJson,
  MACHINES,
  NODES,
  on,
  useSharedCluster,
} from '../helpers/cluster.ts';
import { kbootOk } from '../helpers/kboot-process.ts';
import { create, fetchInPod, inPod, pod } from '../helpers/pods.ts';
import { describeE2e } from '../helpers/require-e2e.ts';

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Two masters of nothing: a cluster needs a while to see that its machines are back. */
const BACK_WITHIN_MS = 300_000;

describeE2e('a reboot of every machine', () => {
  const cluster = useSharedCluster();
  const isUp = {
    metadata: { name: 'up' },
    spec: { selector: { app: 'up' }, ports: [{ port: 80, targetPort: 8080 }] },
  };

  beforeAll(async () => {
    await create(
      cluster.folder,
      await pod('up1', { node: NODES[0], labels: { app: 'up' } }),
      await pod('up2', { node: NODES[1] }),
      { apiVersion: 'v1', kind: 'Service', ...isUp } as { kind: string },
    );
    return async () => {
      await kubectl(cluster.folder, ['delete', 'service/up', 'pod/up1', 'pod/up2', '--ignore-not-found']);
    };
  });

  const notReady = async (): Promise<readonly string[]> => {
    const { items } = await kubectlJson(cluster.folder, 'get', 'pods', '--all-namespaces');
    return items
      .filter(
        ({ status }: Pod) =>
          !status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
      )
      .map(({ metadata }: Pod) => metadata.name);
  };

  test('brings the cluster back: pods, DNS, and traffic between the nodes', async () => {
    const starts = async () =>
      (await kubectlJson(cluster.folder, 'get', 'pod', 'up1')).status.containerStatuses[0].restartCount;
    const before = await starts();
    await Promise.all(MACHINES.map((machine) => rebootMachine(cluster.lab, machine)));
    // The pods of before the reboot look ready to the API until their kubelets are back.
    await eventually(
      'the pod of the node to start again',
      async () => ((await starts().catch(() => before)) > before ? true : undefined),
      BACK_WITHIN_MS,
    );
    await eventually(
      'all pods to be ready',
      async () => ((await notReady().catch(() => ['unknown'])).length === 0 ? true : undefined),
      BACK_WITHIN_MS,
    );
    const { items } = await kubectlJson(cluster.folder, 'get', 'nodes');
    expect(items.length).toBe(MACHINES.length);
    await kubectl(cluster.folder, ['wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=60s']);
    for (const name of ['up1', 'up2'])
      expect(
        await inPod(cluster.folder, name, 'busybox nslookup -type=a kubernetes.default.svc.cluster.local'),
      ).toContain('10.96.0.1');
    expect(await fetchInPod(cluster.folder, 'up2', 'up.default.svc.cluster.local')).toBe('up1');
  });

  test('leaves nothing for kboot to repair', async () => {
    expect(await kbootOk(cluster.folder, 'init')).toContain('no changes');
    expect(await kbootOk(cluster.folder, 'join', '--all')).toContain('no changes');
    for (const machine of MACHINES)
      expect(await on(cluster.lab, machine, 'systemctl list-units --failed --plain --no-legend')).toBe('');
  });
});
