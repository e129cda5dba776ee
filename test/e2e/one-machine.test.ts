import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import {
  CLUSTER_TIMEOUT_MS,
  defaultBundle,
  eventually,
  kubectl,
  kubectlJson,
  MASTER,
  on,
} from '../helpers/cluster.ts';
import { documentedCommands } from '../helpers/documented.ts';
import { kbootOk, runKboot } from '../helpers/kboot-process.ts';
import { useLab } from '../helpers/lab.ts';
import { create, inPod, pod, shellContainer } from '../helpers/pods.ts';
import { describeE2e } from '../helpers/require-e2e.ts';

/** What is on the machine for pods to mount, made before the kubelet starts. */
const HOST_FILES = `
mkdir -p /srv/there/below /mnt/late
echo from the host > /srv/there/file
echo deep > /srv/there/below/file
mknod /dev/kboot-test b 7 199
`;

const SLEEP = 'echo ready && exec sleep 100000';

interface Mounted {
  readonly type: string;
  readonly path: string;
  /** Run in the pod, where it is /mounted. */
  readonly inside: string;
  readonly says: string;
  /** Run on the machine afterwards. */
  readonly outside?: string;
  readonly found?: string;
}

const VOLUMES: readonly Mounted[] = [
  { type: 'Directory', path: '/srv/there', inside: 'cat /mounted/file', says: 'from the host' },
  {
    type: 'DirectoryOrCreate',
    path: '/srv/made/for/it',
    inside: 'echo from the pod > /mounted/new; ls /mounted',
    says: 'new',
    outside: 'cat /srv/made/for/it/new; stat -c %a /srv/made/for/it',
    found: 'from the pod\n755',
  },
  { type: 'File', path: '/srv/there/file', inside: 'cat /mounted', says: 'from the host' },
  {
    type: 'FileOrCreate',
    path: '/srv/there/made',
    inside: 'echo from the pod > /mounted; cat /mounted',
    says: 'from the pod',
    outside: 'cat /srv/there/made; stat -c %a /srv/there/made',
    found: 'from the pod\n644',
  },
  {
    type: 'Socket',
    path: '/run/containerd/containerd.sock',
    inside: 'test -S /mounted && echo yes',
    says: 'yes',
  },
  { type: 'CharDevice', path: '/dev/null', inside: 'test -c /mounted && echo yes', says: 'yes' },
  { type: 'BlockDevice', path: '/dev/kboot-test', inside: 'test -b /mounted && echo yes', says: 'yes' },
  { type: '', path: '/srv/there/below', inside: 'cat /mounted/file', says: 'deep' },
];

/** Paths that are not what their type says: the pod must not start. */
const WRONG: readonly (readonly [type: string, path: string])[] = [
  ['Directory', '/srv/there/file'],
  ['Directory', '/srv/not-there'],
  ['File', '/srv/there'],
  ['Socket', '/srv/there/file'],
  ['CharDevice', '/dev/kboot-test'],
  ['BlockDevice', '/dev/null'],
];

describeE2e('a cluster of one machine', () => {
  const own = useLab({ masters: 1, nodes: 0 });
  const kube = (...args: string[]) => kubectl(own.folder, args);

  const hostPath = (name: string, path: string, type: string, run = SLEEP) =>
    pod(name, {
      node: MASTER,
      run,
      volumes: [{ name: 'volume', hostPath: { path, type } }],
      mounts: [{ name: 'volume', mountPath: '/mounted' }],
    });

  beforeAll(async () => {
    await defaultBundle();
    await on(own.lab, MASTER, HOST_FILES);
    const file = join(own.folder, 'kboot.yaml');
    const yaml = parseDocument(await readFile(file, 'utf8'));
    yaml.setIn(['masters', 0, 'workloads'], true);
    await writeFile(file, String(yaml));
    expect(await kbootOk(own.folder, 'init')).toContain(`${MASTER} is the master`);
  }, CLUSTER_TIMEOUT_MS);

  test('takes ordinary pods where workloads is true', async () => {
    const { spec } = await kubectlJson(own.folder, 'get', 'node', MASTER);
    expect(spec.taints).toBeUndefined();
    const labels = { app: 'ordinary' };
    await create(own.folder, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'ordinary' },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [await shellContainer(SLEEP)] } },
      },
    } as { kind: string });
    await kube('rollout', 'status', 'deployment/ordinary', '--timeout=120s');
  });

  test('etcd sees its own certificates and no key of the CA, behind a filter of system calls', async () => {
    const look = `
      pid=$(runc state etcd | sed -n 's/^ *"pid": \\([0-9]*\\).*/\\1/p')
      ls /proc/$pid/root/etc/kubernetes/pki/etcd
      grep ^Seccomp: /proc/$pid/status
    `;
    const found = await on(own.lab, MASTER, look);
    expect(found.trim().split(/\s+/)).toEqual([
      ...['ca.crt', 'peer.crt', 'peer.key', 'server.crt', 'server.key', 'Seccomp:', '2'],
    ]);
  });

  test('warns of certificates that end, and gets new ones by the documented commands', async () => {
    const [renew = ''] = await documentedCommands('Renew certificates');
    const short = renew.replace('\nEND', '\ncertificateValidityPeriod: 240h\nEND');
    expect(short).not.toBe(renew);
    await on(own.lab, MASTER, short);
    const before = await runKboot(own.folder, 'init');
    expect(before.code, before.stderr).toBe(0);
    const warnings = before.stderr.split('\n').filter((line) => line.includes('certificates end soon'));
    expect(warnings).toHaveLength(1);
    for (const name of ['apiserver', 'etcd/server', 'etcd/peer', 'etcd/healthcheck-client', 'admin.conf'])
      expect(warnings[0]).toContain(name);
    await kube('get', '--raw', '/readyz');
    await on(own.lab, MASTER, renew);
    const after = await runKboot(own.folder, 'init');
    expect(after.code, after.stderr).toBe(0);
    expect(after.stderr).not.toContain('certificates end soon');
    expect(await kube('get', 'nodes', '-o', 'name')).toBe(`node/${MASTER}`);
  }, 300_000);

  describe('gives pods the machine’s own files', () => {
    beforeAll(async () => {
      await create(
        own.folder,
        ...(await Promise.all(
          VOLUMES.map(({ path, type }) => hostPath(`volume-${type.toLowerCase() || 'any'}`, path, type)),
        )),
      );
    }, 180_000);

    test.each(VOLUMES)('hostPath of type $type', async ({ type, inside, says, outside, found }) => {
      const name = `volume-${type.toLowerCase() || 'any'}`;
      expect((await inPod(own.folder, name, inside)).trim()).toBe(says);
      if (outside !== undefined) expect((await on(own.lab, MASTER, outside)).trim()).toBe(found);
    });

    test('and none which is not of the type that was asked for', async () => {
      const names = WRONG.map((_, index) => `wrong-${index}`);
      const wrong = await Promise.all(
        WRONG.map(([type, path], index) => hostPath(`wrong-${index}`, path, type)),
      );
      const list = { apiVersion: 'v1', kind: 'List', items: wrong };
      await kubectl(own.folder, ['apply', '-f', '-'], JSON.stringify(list));
      for (const name of names) {
        const said = await eventually(`an event about ${name}`, async () => {
          const field = `--field-selector=involvedObject.name=${name},reason=FailedMount`;
          return (await kube('get', 'events', field, '-o', 'jsonpath={.items[*].message}')) || undefined;
        });
        expect(said).toContain('hostPath type check failed');
      }
      await kube('delete', 'pod', ...names);
      expect(await on(own.lab, MASTER, 'ls -d /srv/not-there 2>/dev/null || true')).toBe('');
    });

    test('and parts of volumes (subPath)', async () => {
      const volumes = [
        { name: 'host', hostPath: { path: '/srv/there', type: 'Directory' } },
        { name: 'empty', emptyDir: {} },
      ];
      const mounts = [
        { name: 'host', mountPath: '/folder', subPath: 'below' },
        { name: 'host', mountPath: '/one-file', subPath: 'below/file' },
        { name: 'empty', mountPath: '/empty', subPath: 'made/by/kubelet' },
      ];
      await create(own.folder, await pod('sub-path', { node: MASTER, volumes, mounts, run: SLEEP }));
      expect(
        await inPod(own.folder, 'sub-path', 'cat /folder/file /one-file; touch /empty/x && ls /empty'),
      ).toBe('deep\ndeep\nx');
    });

    test('and what was mounted on the machine after the kubelet had started, also while the pod runs', async () => {
      await on(
        own.lab,
        MASTER,
        'mount -t tmpfs late /mnt/late && mkdir /mnt/late/later && echo late > /mnt/late/file',
      );
      const late = await hostPath('late', '/mnt/late', 'Directory');
      const [volume] = late.spec.containers;
      Object.assign(volume?.volumeMounts[0] ?? {}, { mountPropagation: 'HostToContainer' });
      await create(own.folder, late);
      expect((await inPod(own.folder, 'late', 'cat /mounted/file')).trim()).toBe('late');
      await on(own.lab, MASTER, 'mount -t tmpfs later /mnt/late/later && echo later > /mnt/late/later/file');
      expect((await inPod(own.folder, 'late', 'cat /mounted/later/file')).trim()).toBe('later');
      await on(own.lab, MASTER, 'umount /mnt/late/later');
    });
  });
});
