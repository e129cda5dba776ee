import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import {
  eventually,
  kubectl,
  kubectlJson,
  kubectlProgram,
  MACHINES,
  MASTER,
  NODES,
  on,
  read,
  useSharedCluster,
} from '../helpers/cluster.ts';
import { create, fetchInPod, inPod, pod } from '../helpers/pods.ts';
import { describeE2e } from '../helpers/require-e2e.ts';

/** A Service's name as a pod on any node asks for it. */
const SERVICE = 'web.default.svc.cluster.local';

const SERVICE_OBJECT = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
};

describeE2e('a cluster of one master and two nodes', () => {
  const cluster = useSharedCluster();
  const kube = (...args: string[]) => kubectl(cluster.folder, args);

  beforeAll(async () => {
    await create(
      cluster.folder,
      await pod('web1', { node: NODES[0], labels: { app: 'web' } }),
      await pod('web2', { node: NODES[1], labels: { app: 'other' } }),
      SERVICE_OBJECT,
    );
    return async () => {
      await kube('delete', 'service/web', 'pod/web1', 'pod/web2', '--ignore-not-found', '--wait');
    };
  });

  test('has every machine Ready on the version of the bundle', async () => {
    const { items } = await kubectlJson(cluster.folder, 'get', 'nodes');
    const seen = items.map(
      (node: {
        metadata: { name: string };
        status: {
          conditions: { type: string; status: string }[];
          nodeInfo: { kubeletVersion: string; containerRuntimeVersion: string };
        };
      }) => [
        node.metadata.name,
        node.status.conditions.find(({ type }) => type === 'Ready')?.status,
        node.status.nodeInfo.kubeletVersion,
      ],
    );
    expect(seen).toEqual(MACHINES.map((name) => [name, 'True', 'v1.37.2']));
  });

  test('has etcd, the kubelet and the runtime as system containers, each where it belongs', async () => {
    const containers = (machine: string) =>
      on(
        cluster.lab,
        machine,
        'cd /var/lib/containers/atomic && for name in *; do [ ! -L "$name" ] || echo "$name $(readlink "$name")"; done',
      );
    const at = (...names: string[]) =>
      names.map((name) => `${name} /var/lib/containers/atomic/${name}.0`).join('\n');
    expect((await containers(MASTER)).trim()).toBe(at('etcd', 'kubelet', 'node-runtime'));
    for (const node of NODES) expect((await containers(node)).trim()).toBe(at('kubelet', 'node-runtime'));
    const runc = await on(cluster.lab, MASTER, 'runc list --quiet | sort');
    expect(runc.trim()).toBe('etcd\nkubelet');
    const units =
      '{ systemctl is-active etcd kubelet containerd; systemctl is-enabled etcd kubelet containerd; }';
    expect((await on(cluster.lab, MASTER, `${units} | sort | uniq`)).trim()).toBe('active\nenabled');
  });

  test('gives a machine nothing of a role that is not its own', async () => {
    const images = await on(cluster.lab, NODES[0], 'ctr -n k8s.io images ls -q');
    expect(images).not.toMatch(/kube-apiserver|kube-controller-manager|kube-scheduler|etcd/);
    expect(images).toMatch(/kube-proxy/);
  });

  test('pins its images, so that the kubelet never deletes what cannot be pulled again', async () => {
    const lines = await on(cluster.lab, NODES[0], 'ctr -n k8s.io images ls');
    const named = lines.split('\n').filter((line) => /^(registry\.k8s\.io|ghcr\.io)\/.*:v?\d/.test(line));
    expect(named.length).toBeGreaterThan(3);
    for (const line of named) expect(line).toContain('io.cri-containerd.pinned=pinned');
  });

  test('answers DNS for pods on both nodes', async () => {
    const { spec } = await kubectlJson(cluster.folder, 'get', 'service', 'web');
    for (const name of ['web1', 'web2']) {
      const lookUp = (what: string) => inPod(cluster.folder, name, `busybox nslookup -type=a ${what}`);
      expect(await lookUp('kubernetes.default.svc.cluster.local')).toContain('10.96.0.1');
      // CoreDNS hears of a new Service from the API when it does, which on a busy machine takes a moment.
      const said = await eventually(SERVICE, () => lookUp(SERVICE).catch(() => undefined), 30_000);
      expect(said).toContain(spec.clusterIP);
    }
  });

  test('lets a pod on each node reach the other one by address, and a Service by name', async () => {
    const addressOf = async (name: string): Promise<string> =>
      (await kubectlJson(cluster.folder, 'get', 'pod', name)).status.podIP;
    expect(await fetchInPod(cluster.folder, 'web1', `${await addressOf('web2')}:8080`)).toBe('web2');
    expect(await fetchInPod(cluster.folder, 'web2', `${await addressOf('web1')}:8080`)).toBe('web1');
    expect(await fetchInPod(cluster.folder, 'web2', SERVICE)).toBe('web1');
    expect(await fetchInPod(cluster.folder, 'web1', 'web')).toBe('web1');
  });

  test('lets a pod and a machine reach each other', async () => {
    const { status } = await kubectlJson(cluster.folder, 'get', 'pod', 'web2');
    for (const machine of MACHINES) {
      const probe = `kubectl --kubeconfig= --server=http://${status.podIP}:8080 get --raw /`;
      expect((await on(cluster.lab, machine, probe)).trim()).toBe('web2');
    }
    const own = cluster.lab.machines.find(({ name }) => name === MASTER)?.address;
    expect(await inPod(cluster.folder, 'web1', `busybox nc -w 5 ${own} 22 < /dev/null | head -c 4`)).toBe(
      'SSH-',
    );
  });

  test('has kubectl logs and exec', async () => {
    expect((await kube('logs', 'web1')).trim()).toBe('ready');
    expect((await kube('exec', 'web2', '--', 'cat', '/etc/hostname')).trim()).toBe('web2');
  });

  test('has kubectl port-forward', async () => {
    const args = ['--kubeconfig', join(cluster.folder, 'kubeconfig'), 'port-forward', 'pod/web2', ':8080'];
    const forward = spawn(await kubectlProgram(), args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(forward, 'close');
    try {
      let said = '';
      forward.stdout.on('data', (chunk) => {
        said += chunk;
      });
      const port = await eventually('port-forward', async () => /127\.0\.0\.1:(\d+)/.exec(said)?.[1], 30_000);
      expect((await (await fetch(`http://127.0.0.1:${port}/`)).text()).trim()).toBe('web2');
    } finally {
      forward.kill();
      await ended;
    }
  });

  test('leaves a kubeconfig for its owner alone, and no join token', async () => {
    expect((await stat(join(cluster.folder, 'kubeconfig'))).mode & 0o777).toBe(0o600);
    expect(await read(cluster.folder, 'kubeconfig')).toContain('client-key-data');
    expect(await on(cluster.lab, MASTER, 'kubeadm --kubeconfig /etc/kubernetes/admin.conf token list')).toBe(
      '',
    );
    for (const machine of MACHINES)
      expect(await on(cluster.lab, machine, 'ls -A /run/kboot 2>/dev/null || true')).toBe('');
  });

  test('has the folder for static pods where each kubelet looks, and flanneld’s health for the machine only', async () => {
    for (const machine of MACHINES) {
      expect((await on(cluster.lab, machine, 'stat -c %a /etc/kubernetes/manifests')).trim()).toBe('700');
      const listening = await on(
        cluster.lab,
        machine,
        'ss -Hltn | tr -s " " | cut -d" " -f4 | grep -E ":(8081|8472)$"',
      );
      expect(listening.trim()).toBe('127.0.0.1:8472');
      const logged = 'journalctl -u kubelet -o cat | grep -c "Unable to read config path" || true';
      if (machine !== MASTER) expect((await on(cluster.lab, machine, logged)).trim()).toBe('0');
    }
  });

  test('keeps ordinary pods off the master', async () => {
    const { spec } = await kubectlJson(cluster.folder, 'get', 'node', MASTER);
    expect(spec.taints).toMatchObject([
      { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
    ]);
  });
});
