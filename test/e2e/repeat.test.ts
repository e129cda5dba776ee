import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UNPACKING } from '../../src/bundle/import.ts';
import { kubectl, kubectlJson, MACHINES, MASTER, NODES, on, useSharedCluster } from '../helpers/cluster.ts';
import { kbootOk, runKboot } from '../helpers/kboot-process.ts';
import { describeE2e } from '../helpers/require-e2e.ts';

/** Files with their times, and when each unit last changed its state: what a change of anything would show in. */
const STATE = `
find /etc /opt /usr/local /root /var/lib/kboot /var/lib/containers/atomic -xdev -path '*/rootfs' -prune -o -printf '%M %u %s %T@ %p %l\\n' | sort
find /var/lib/kubelet -maxdepth 1 -type f -printf '%M %s %T@ %p\\n' | sort
find /run -maxdepth 1 ! -name utmp ! -name motd.dynamic -printf '%M %p\\n' | sort
for unit in etcd kubelet containerd; do systemctl show "$unit" -p ActiveEnterTimestamp -p ExecMainPID; done
runc list --quiet
ctr -n k8s.io images ls -q | sort
ctr -n k8s.io containers ls -q | sort
cat /proc/sys/net/ipv4/ip_forward
`;

/** What kboot and kubeadm put into the cluster. What has a status, which changes by itself, has a generation too. */
const OBJECTS = [
  ['configmaps', 'kube-system'],
  ['configmaps', 'kube-public'],
  ['configmaps', 'kube-flannel'],
  ['secrets', 'kube-system'],
  ['daemonsets', 'kube-flannel'],
  ['daemonsets', 'kube-system'],
  ['serviceaccounts', 'kube-flannel'],
] as const;

interface Named {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly generation?: number;
  };
}

describeE2e('init and join, done again', () => {
  const cluster = useSharedCluster();

  async function state(): Promise<readonly string[]> {
    const machines = MACHINES.map((machine) => on(cluster.lab, machine, STATE));
    const objects = OBJECTS.map(async ([kind, namespace]) => {
      const { items } = await kubectlJson(cluster.folder, 'get', kind, '-n', namespace);
      return items
        .map(
          ({ kind, metadata }: Named) =>
            `${kind} ${metadata.name} ${metadata.generation ?? metadata.resourceVersion}`,
        )
        .join('\n');
    });
    const files = ['kboot.yaml', 'kubeconfig'].map(async (name) => {
      const path = join(cluster.folder, name);
      return `${name} ${(await stat(path)).mtimeMs}\n${await readFile(path, 'utf8')}`;
    });
    return Promise.all([...machines, ...objects, ...files]);
  }

  test('say that there is nothing to change, and change nothing', async () => {
    // Pods that are starting make the kubelet write.
    await kubectl(cluster.folder, ['wait', '--for=condition=Ready', 'pods', '--all', '-A', '--timeout=300s']);
    const before = await state();
    expect(before[0]).toContain('/etc/kubernetes/admin.conf');
    expect(before.join('\n')).toContain('kube-flannel-cfg');
    expect(await kbootOk(cluster.folder, 'init')).toBe(
      `no changes: ${MASTER} is the master of ${cluster.lab.name}\n`,
    );
    expect(await kbootOk(cluster.folder, 'init', MASTER)).toContain('no changes');
    expect(await kbootOk(cluster.folder, 'join', '--all')).toBe(
      `no changes: ${NODES.join(', ')} joined before\n`,
    );
    expect(await kbootOk(cluster.folder, 'join', NODES[0])).toBe(`no changes: ${NODES[0]} joined before\n`);
    expect(await state()).toEqual(before);
  });

  test('take away the names of images whose import was killed at its end', async () => {
    // The runtime names images by their digest as well, some sooner than others.
    const names = () => on(cluster.lab, MASTER, 'ctr -n k8s.io images ls -q | grep -v ^sha256:');
    const before = await names();
    const image = before.split('\n').find((name) => name.includes('/pause:'));
    await on(cluster.lab, MASTER, `ctr -n k8s.io images tag ${image} ${UNPACKING}${image}`);
    await kbootOk(cluster.folder, 'init');
    expect(await names()).toBe(before);
  });

  test('tell why every step is skipped', async () => {
    const { events } = await runKboot(cluster.folder, 'join', '--all', '--events');
    expect(events.filter(({ type }) => type === 'phase-skip').length).toBeGreaterThan(20);
    for (const { because } of events.filter(({ type }) => type === 'phase-skip'))
      expect(because).toMatch(/\w/);
    // What only looks is done every time.
    const done = events
      .filter(({ type }) => type === 'phase-end')
      .map(({ phase, host }) => `${phase} ${host}`);
    expect(done.sort()).toEqual(NODES.map((name) => `node-ready ${name}`));
  });

  test('change nothing in a dry run', async () => {
    const before = await state();
    for (const argv of [['init'], ['join', '--all'], ['reset', NODES[0]], ['reset']] as const)
      expect(await kbootOk(cluster.folder, ...argv, '--dry-run'), argv.join(' ')).toMatch(/\w/);
    expect(await state()).toEqual(before);
  });
});
