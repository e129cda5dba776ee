import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { labStatus, rebootMachine } from '../../src/lab/lab.ts';
import {
  CLUSTER_TIMEOUT_MS,
  defaultBundle,
  eventually,
  kubectl,
  kubectlJson,
  MASTER,
  on,
} from '../helpers/cluster.ts';
import { kbootOk, runKboot } from '../helpers/kboot-process.ts';
import { useLab } from '../helpers/lab.ts';
import { Layout, tagged } from '../helpers/layout.ts';
import { otherBuild } from '../helpers/other-build.ts';
import { create, shellContainer } from '../helpers/pods.ts';
import { describeE2e } from '../helpers/require-e2e.ts';
import { Snapshots, takeSnapshot } from '../helpers/snapshot.ts';
import { file } from '../system-container/make-image.ts';

const NODE = 'node1.example.com';
const BOTH = [MASTER, NODE] as const;

/** Some such systems have /opt below /var: the kubelet has to see it by both names. */
const OPT_BELOW_VAR = 'rmdir /opt && ln -s var/opt /opt';

/** Facts about files and mounts below /usr, and the link to each top-level directory in it. */
const OF_USR = /^[-+] (file|sha256|mount) (.* )?\/(usr|bin|sbin|lib|lib64)(\/| |$)/;

const SERVE =
  'mkdir /tmp/www && echo served > /tmp/www/index.html && exec busybox httpd -f -p 8080 -h /tmp/www';

const ETCD = '/etc/kubernetes/pki/etcd';
const ETCD_KEYS = `--cacert ${ETCD}/ca.crt --cert ${ETCD}/healthcheck-client.crt --key ${ETCD}/healthcheck-client.key`;

async function deployment() {
  const labels = { app: 'web' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [await shellContainer(SERVE, [{ name: 'opt', mountPath: '/data' }])],
          volumes: [{ name: 'opt', hostPath: { path: '/opt/site', type: 'DirectoryOrCreate' } }],
        },
      },
    },
  };
}

const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
};

describeE2e('machines whose /usr is read-only', () => {
  const own = useLab({ masters: 1, nodes: 1, options: { imageBased: true } });
  const snapshots = new Snapshots(own);
  const kube = (...args: string[]) => kubectl(own.folder, args);
  /** As somebody who logs in: with /opt/bin in PATH. */
  const sh = async (machine: string, text: string) =>
    (await on(own.lab, machine, `PATH=$PATH:/opt/bin; ${text}`)).trim();

  beforeAll(async () => {
    await defaultBundle();
    await sh(NODE, OPT_BELOW_VAR);
    // A first login makes folders and units of its own.
    await kbootOk(own.folder, 'reset', '--yes');
    await snapshots.take(...BOTH);
  }, CLUSTER_TIMEOUT_MS);

  test('are of their own kind, and share the image of the others but for one layer', async () => {
    const { machines } = await labStatus(own.lab.name, own.context);
    expect(machines.map(({ kind, state }) => [kind, state])).toEqual(
      BOTH.map(() => ['image-based', 'running']),
    );
    const inspect = ['image', 'inspect', '--format', '{{range .RootFS.Layers}}{{.}} {{end}}'];
    const ask = async (argv: readonly string[]) => (await execa('podman', argv)).stdout.split('\n');
    const container = `kboot-lab-${own.lab.name}-${MASTER}`;
    const [image = ''] = await ask(['container', 'inspect', '--format', '{{.ImageName}}', container]);
    const all = await ask(['images', '--quiet', '--filter', 'reference=localhost/kboot-machine']);
    const [[layers = ''], others] = await Promise.all([ask([...inspect, image]), ask([...inspect, ...all])]);
    expect(layers.trim().split(' ')).toHaveLength(2);
    expect(others).toContain(`${layers.split(' ')[0]} `);
  });

  test('cannot be written below /usr, and have no package manager', async () => {
    for (const machine of BOTH) {
      expect(await sh(machine, 'findmnt -no OPTIONS /usr')).toMatch(/^ro,/);
      for (const directory of ['/usr', '/usr/bin', '/usr/local', '/usr/local/bin'])
        await expect(on(own.lab, machine, `: > ${directory}/x`)).rejects.toThrow('Read-only file system');
      expect(await sh(machine, 'command -v apt dpkg rpm dnf zypper transactional-update || true')).toBe('');
      // The snapshots look below /usr too.
      const seen = await takeSnapshot(own.lab, machine);
      expect(seen.filter((line) => / \/usr\//.test(line)).length).toBeGreaterThan(1000);
    }
  });

  test('are refused, unchanged, when /opt cannot be written or another containerd runs', async () => {
    await sh(MASTER, 'mount --bind /opt /opt && mount -o remount,bind,ro /opt');
    await sh(MASTER, 'systemd-run --quiet --unit=containerd sleep infinity');
    const { code, stderr } = await runKboot(own.folder, 'init');
    expect(code).toBe(7);
    expect(stderr).toContain(`${MASTER}: /opt cannot be written`);
    expect(stderr).toContain(`${MASTER}: a containerd runs on it that is not from kboot`);
    await sh(MASTER, 'systemctl stop containerd; umount /opt');
    for (const machine of BOTH) expect(await snapshots.changed(machine), machine).toEqual([]);
  });

  test('become a cluster, and a second run changes nothing', async () => {
    await kbootOk(own.folder, 'init');
    await kbootOk(own.folder, 'join', '--all');
    expect(await kube('get', 'nodes', '-o', 'name')).toBe(`node/${MASTER}\nnode/${NODE}`);
    expect(await kbootOk(own.folder, 'init')).toContain('no changes');
    expect(await kbootOk(own.folder, 'join', '--all')).toContain('no changes');
  });

  test('have the programs in /opt/bin, units in /etc, and nothing new below /usr', async () => {
    const tools = ['containerd', 'containerd-shim-runc-v2', 'ctr', 'kubeadm', 'kubectl', 'kubelet', 'runc'];
    expect((await sh(NODE, 'ls /opt/bin')).split('\n')).toEqual(tools);
    expect((await sh(MASTER, 'ls /opt/bin')).split('\n')).toEqual([...tools, 'etcdctl', 'etcdutl'].sort());
    const { lock } = await defaultBundle();
    for (const machine of BOTH) {
      expect(await sh(machine, 'kubelet --version')).toBe(`Kubernetes ${lock.kubernetes}`);
      expect(await sh(machine, 'kubeadm version -o short')).toBe(lock.kubernetes);
      expect(await sh(machine, 'ctr -n k8s.io images ls -q')).toContain('kube-proxy');
      expect(await sh(machine, 'runc list --quiet')).toContain('kubelet');
      expect(await sh(machine, 'systemctl show -p FragmentPath --value kubelet.service')).toBe(
        '/etc/systemd/system/kubelet.service',
      );
    }
    expect(await sh(MASTER, `etcdctl ${ETCD_KEYS} endpoint health 2>&1`)).toContain('is healthy');
    expect(
      await sh(
        MASTER,
        'kubectl --cache-dir=/dev/null --kubeconfig /etc/kubernetes/admin.conf get nodes -o name',
      ),
    ).toContain(NODE);
    for (const machine of BOTH) {
      const changes = await snapshots.changed(machine);
      expect(changes.length).toBeGreaterThan(500);
      expect(changes.filter((line) => OF_USR.test(line.replace(/ -> .*/, '')))).toEqual([]);
    }
  });

  test('serve a Deployment through a Service, with a hostPath below /opt', async () => {
    await create(own.folder, await deployment(), SERVICE);
    await kube('rollout', 'status', 'deployment/web', '--timeout=120s');
    const { spec } = await kubectlJson(own.folder, 'get', 'service', 'web');
    for (const machine of BOTH) {
      const ask = `kubectl --cache-dir=/dev/null --kubeconfig= --server=http://${spec.clusterIP} get --raw /`;
      const answer = () => sh(machine, ask).catch(() => undefined);
      expect(await eventually(`the Service answers ${machine}`, answer, 30_000)).toBe('served');
    }
    expect(await sh(NODE, 'readlink -f /opt/site && ls -d /var/opt/site')).toBe(
      '/var/opt/site\n/var/opt/site',
    );
  });

  describe.each([
    ['kubelet', NODE, 'systemctl is-active kubelet && kubelet --version'],
    ['node-runtime', NODE, 'systemctl is-active containerd && ctr version && runc --version'],
    ['etcd', MASTER, `etcdctl ${ETCD_KEYS} endpoint health`],
  ])('%s', (name, machine, check) => {
    const active = () => sh(machine, `readlink /var/lib/containers/atomic/${name}`);
    const programs = async () => (await sh(machine, 'ls /opt/bin')).split('\n');

    test('is updated to another build and rolled back, with its programs in /opt/bin', async () => {
      const before = await programs();
      const program = `exports/hostfs/usr/local/bin/${name}-two`;
      const other = await otherBuild(join(own.folder, `${name}-two`), name, [
        file(program, '#!/bin/sh\n', 0o755),
      ]);
      expect(await active()).toMatch(/\.0$/);
      await kbootOk(own.folder, 'containers', 'update', name, '--rebase', other, '--host', machine);
      expect(await active()).toMatch(/\.1$/);
      expect(await programs()).toEqual([...before, `${name}-two`].sort());
      await sh(machine, check);
      await kbootOk(own.folder, 'containers', 'rollback', name, '--host', machine);
      expect(await active()).toMatch(/\.0$/);
      expect(await programs()).toEqual(before);
      await sh(machine, check);
    });
  });

  test('go on serving pods as if nothing had happened', async () => {
    const { items } = await kubectlJson(own.folder, 'get', 'pods', '-l', 'app=web');
    const restarts = items.flatMap((pod: { status: { containerStatuses: { restartCount: number }[] } }) =>
      pod.status.containerStatuses.map(({ restartCount }) => restartCount),
    );
    expect(restarts).toEqual([0, 0]);
    expect(await kbootOk(own.folder, 'init')).toContain('no changes');
    expect(await kbootOk(own.folder, 'join', '--all')).toContain('no changes');
  });

  test("get another's programs and units where they can be written, or none of its files", async () => {
    const layout = await Layout.make(join(own.folder, 'site'));
    const at = (path: string) => `exports/hostfs${path}`;
    const manifest = JSON.stringify({ noContainerService: true, units: ['site.service'] });
    const members = [
      file('exports/manifest.json', manifest),
      file(at('/usr/bin/site-tool'), '#!/bin/sh\nexec sleep infinity\n', 0o755),
      file(
        at('/usr/lib/systemd/system/site.service'),
        '[Service]\nExecStart=/bin/sh -c "exec sleep infinity"\n',
      ),
      file(at('/etc/site.conf'), 'tool=/usr/bin/site-tool\n'),
    ];
    const refused = [...members, file(at('/usr/share/site/data'), 'x')];
    await layout.writeIndex(
      tagged(await layout.image({ members }), 'good'),
      tagged(await layout.image({ members: refused }), 'refused'),
    );
    const install = (tag: string) =>
      runKboot(
        own.folder,
        'containers',
        'install',
        `oci:${layout.dir}:${tag}`,
        '--name',
        'site',
        '--host',
        NODE,
      );
    const places = () => sh(NODE, 'cd / && ls -d opt/bin/site* etc/systemd/system/site* etc/site* || true');

    const no = await install('refused');
    expect(no.code).not.toBe(0);
    expect(no.stderr).toContain('/usr/share/site/data cannot be put there: /usr is read-only');
    expect(await places()).toBe('');

    const yes = await install('good');
    expect(yes.stdout).toContain('Created file /opt/bin/site-tool');
    expect(yes.stderr).toContain('/etc/site.conf names /usr/bin/site-tool, which is at /opt/bin/site-tool');
    expect(await places()).toBe('etc/site.conf\netc/systemd/system/site.service\nopt/bin/site-tool');
    expect(await sh(NODE, 'systemctl is-active site.service')).toBe('active');
    await kbootOk(own.folder, 'containers', 'uninstall', 'site', '--host', NODE);
    expect(await places()).toBe('');
  });

  test('are as they were after a reset, with what others made in /opt', async () => {
    await kube('delete', 'deployment/web', 'service/web', '--ignore-not-found', '--wait');
    await sh(NODE, 'rmdir /opt/site || true');
    await kbootOk(own.folder, 'reset', '--yes');
    for (const machine of BOTH) expect(await snapshots.changed(machine), machine).toEqual([]);
  });

  test('can be set up again, and come back after a reboot', async () => {
    await kbootOk(own.folder, 'init');
    await rebootMachine(own.lab, MASTER);
    expect(await sh(MASTER, 'findmnt -no OPTIONS /usr')).toMatch(/^ro,/);
    const ready = () =>
      kube('wait', '--for=condition=Ready', `node/${MASTER}`, '--timeout=10s').catch(() => undefined);
    expect(await eventually('the API answers', ready)).toContain('condition met');
    expect(await sh(MASTER, 'systemctl is-active etcd kubelet containerd | uniq')).toBe('active');
  });
});
