import { join } from 'node:path';
import { env, execPath } from 'node:process';
import { execa } from 'execa';
import { beforeAll, expect, inject, test } from 'vitest';
import type { Bundle } from '../../src/bundle/open.ts';
import { rebootMachine } from '../../src/lab/lab.ts';
import { CLUSTER_TIMEOUT_MS, defaultBundle, eventually, MASTER, NODES, on } from '../helpers/cluster.ts';
import { CACHE_HOME, kbootOk, runKboot } from '../helpers/kboot-process.ts';
import { useLab } from '../helpers/lab.ts';
import { shellContainer } from '../helpers/pods.ts';
import { describeE2e } from '../helpers/require-e2e.ts';

const [NODE] = NODES;
const MACHINES = [MASTER, NODE];
const SCRIPT = join(import.meta.dirname, 'seven/cluster.sh');

const ON_BOTH = ['flannel', 'kube-proxy', 'kubelet', 'node-runtime'];
const ON_MASTER = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];

const SEVEN = [...ON_MASTER, ...ON_BOTH.filter((name) => name !== 'node-runtime')];

const NO_CAPABILITY = 0n;
/** CAP_NET_ADMIN and CAP_NET_RAW are numbers 12 and 13 of the kernel's list. */
const NETWORK = (1n << 12n) | (1n << 13n);

/** A pod that never was ready may take a while on a busy machine. */
const BACK_WITHIN_MS = 300_000;

interface Listed {
  readonly name: string;
  readonly state: string;
}

describeE2e('a cluster of the seven, without kubeadm', () => {
  const own = useLab({ masters: 1, nodes: 1 });
  const at = (machine: string, text: string, ...args: string[]) => on(own.lab, machine, text, ...args);
  const kubectl = (...args: string[]) =>
    at(MASTER, 'kubectl --kubeconfig /etc/kubernetes/admin.conf "$@"', ...args);

  let bundle: Bundle;

  beforeAll(async () => {
    bundle = await defaultBundle();
    const addressOf = (name: string) =>
      own.lab.machines.find((machine) => machine.name === name)?.address ?? '';
    await execa(
      SCRIPT,
      MACHINES.flatMap((name) => [name, addressOf(name)]),
      {
        cwd: own.folder,
        env: {
          HOME: own.folder,
          XDG_CACHE_HOME: CACHE_HOME,
          KBOOT: `${execPath} ${inject('e2e').program} --plain`,
          SSH: `ssh -F ${own.lab.files.sshConfig}`,
          BUNDLE: bundle.dir,
          PATH: env['PATH'],
        },
      },
    );
  }, CLUSTER_TIMEOUT_MS);

  const listed = async (machine: string): Promise<readonly Listed[]> =>
    JSON.parse(await kbootOk(own.folder, 'containers', 'list', '--all', '--json', '--host', machine));

  test('has all seven on the master, and a node has nothing of the control plane', async () => {
    const stateOf = ({ name, state }: Listed) => `${name} ${state}`;
    const expected = (names: readonly string[]) =>
      names.map((name) => `${name} ${name === 'node-runtime' ? 'no service' : 'running'}`).sort();
    expect((await listed(MASTER)).map(stateOf).sort()).toEqual(expected([...ON_BOTH, ...ON_MASTER]));
    expect((await listed(NODE)).map(stateOf).sort()).toEqual(expected(ON_BOTH));
  });

  test('serves a Deployment through a Service, from both machines', async () => {
    const container = await shellContainer(
      'trap exit TERM; mkdir /tmp/www && cp /etc/hostname /tmp/www/index.html; busybox httpd -f -p 8080 -h /tmp/www & wait',
    );
    const labels = { app: 'web' };
    const spread = {
      ...{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' },
      labelSelector: { matchLabels: labels },
    };
    const deployment = {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } },
      spec: {
        ...{ replicas: 2, selector: { matchLabels: labels } },
        template: {
          metadata: { labels },
          spec: {
            ...{ containers: [container], topologySpreadConstraints: [spread] },
            terminationGracePeriodSeconds: 0,
          },
        },
      },
    };
    const service = {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' } },
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    };
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [deployment, service] });
    await at(MASTER, 'printf %s "$1" | kubectl --kubeconfig /etc/kubernetes/admin.conf apply -f -', list);
    await kubectl('wait', '--for=condition=Available', '--timeout=120s', 'deployment/web');
    await expectServed();
    // The API asks the kubelet, and knows it by its certificate.
    const said = await kubectl('exec', 'deployment/web', '--', 'cat', '/tmp/www/index.html');
    expect(said).toMatch(/^web-/);
  });

  /** Both pods answer on each machine, at the Service's address. */
  async function expectServed(): Promise<void> {
    const address = await kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
    const ask = `for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
      kubectl --kubeconfig /dev/null --request-timeout=5s --server "http://$1" get --raw / || exit 1
    done | sort -u`;
    for (const machine of MACHINES) {
      const pods = await eventually(`the pods to answer on ${machine}`, async () => {
        const answers = (await at(machine, ask, address).catch(() => '')).split('\n').filter(Boolean);
        return answers.length === 2 ? answers : undefined;
      });
      expect(pods).toEqual([expect.stringMatching(/^web-/), expect.stringMatching(/^web-/)]);
    }
  }

  test('runs no container of the control plane, and has no trace of kubeadm', async () => {
    for (const machine of MACHINES) {
      const containers = await at(machine, 'ctr -n k8s.io containers ls 2> /dev/null');
      const images = containers
        .split('\n')
        .slice(1)
        .map((line) => line.split(/\s+/)[1]?.replace(/:.*/, ''));
      expect([...new Set(images.filter(Boolean))].sort()).toEqual([
        'registry.k8s.io/kube-proxy',
        'registry.k8s.io/pause',
      ]);
      expect(
        await at(machine, 'ls -d /etc/kubernetes/manifests /var/lib/kubelet/kubeadm* 2>/dev/null || true'),
      ).toBe('');
    }
    expect(await kubectl('get', 'pods', '--all-namespaces', '-o', 'name')).toMatch(
      /^pod\/web-\S+\npod\/web-\S+$/,
    );
  });

  test('gives each no more than it needs', async () => {
    const status = async (name: string) => {
      const text = await at(
        MASTER,
        'cat "/proc/$(runc state "$1" | awk -F "[:,]" \'/"pid"/ { print $2 + 0 }\')/status"',
        name,
      );
      return Object.fromEntries(text.split('\n').map((line) => line.split(/:\s+/)));
    };
    for (const [names, capabilities] of [
      [ON_MASTER, NO_CAPABILITY],
      [['flannel', 'kube-proxy'], NETWORK],
    ] as const) {
      for (const name of names) {
        const { CapEff, CapBnd, NoNewPrivs } = await status(name);
        expect([name, BigInt(`0x${CapEff}`), BigInt(`0x${CapBnd}`)]).toEqual([
          name,
          capabilities,
          capabilities,
        ]);
        expect([name, NoNewPrivs]).toEqual([name, '1']);
      }
    }
  });

  test('answers the question after its health that each image brings, and only while it runs', async () => {
    const isHealthy = async (name: string): Promise<boolean> => {
      const { 'health-check': words } = JSON.parse(
        await at(MASTER, 'cat "/var/lib/containers/atomic/$1/info"', name),
      );
      expect(words.length).toBeGreaterThan(0);
      return at(MASTER, '"$@" > /dev/null 2>&1', ...words).then(
        () => true,
        () => false,
      );
    };
    for (const name of [...ON_BOTH, ...ON_MASTER])
      expect([name, await isHealthy(name)]).toEqual([name, true]);
    for (const name of SEVEN.toReversed()) {
      await at(MASTER, 'systemctl stop "$1"', name);
      expect([name, await isHealthy(name)]).toEqual([name, false]);
    }
    await at(MASTER, 'systemctl start "$@"', ...SEVEN);
    for (const name of [...ON_BOTH, ...ON_MASTER]) {
      await eventually(`${name} to be healthy again`, async () =>
        (await isHealthy(name)) ? true : undefined,
      );
    }
  });

  test('takes new arguments from its file when it is started again', async () => {
    const other =
      'kubectl --kubeconfig /etc/kubernetes/scheduler.conf --insecure-skip-tls-verify --server https://127.0.0.1:10359 get --raw /healthz';
    await at(MASTER, `echo 'KUBE_SCHEDULER_ARGS="--secure-port=10359"' > /etc/kubernetes/scheduler`);
    await at(MASTER, 'systemctl restart kube-scheduler');
    expect(
      await eventually('the scheduler on its other port', () => at(MASTER, other).catch(() => undefined)),
    ).toBe('ok');
    await at(MASTER, 'echo > /etc/kubernetes/scheduler && systemctl restart kube-scheduler');
  });

  const update = (name: string, setting: string) =>
    runKboot(own.folder, 'containers', 'update', name, '--host', MASTER, '--set', setting);
  const activeSlot = (name: string) => at(MASTER, 'readlink "/var/lib/containers/atomic/$1"', name);

  test('updates each of them on its own, while the pods go on', async () => {
    for (const name of SEVEN) {
      const { code, stderr } = await update(name, 'NOFILE=19000');
      expect([name, code, stderr]).toEqual([name, 0, stderr]);
      expect(await activeSlot(name)).toBe(`/var/lib/containers/atomic/${name}.1`);
    }
    await expectServed();
    expect(
      await kubectl('get', 'pods', '-o', 'jsonpath={.items[*].status.containerStatuses[*].restartCount}'),
    ).toBe('0 0');
  });

  test('takes back an update with which a part is not well', async () => {
    const { code, stderr } = await update('kube-scheduler', 'KUBE_SCHEDULER_ARGS=--no-such-flag');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/rolled back/);
    expect(await activeSlot('kube-scheduler')).toMatch(/\.1$/);
    expect((await listed(MASTER)).find(({ name }) => name === 'kube-scheduler')?.state).toBe('running');
  });

  test('leaves its images what they are for others: containerd runs one as an ordinary container', async () => {
    const archive = execa(
      execPath,
      [join(import.meta.dirname, 'seven/archive.mjs'), bundle.dir, 'kboot/etcd:'],
      {
        encoding: 'buffer',
      },
    );
    const importing = ['-F', own.lab.files.sshConfig, NODE, 'ctr -n dual images import -'];
    await archive.pipe('ssh', importing);
    const image = bundle.lock.images.find(({ name }) => name.startsWith('kboot/etcd:'))?.name ?? '';
    await at(NODE, 'ctr -n dual run --detach --net-host "$1" plain', image);
    const etcdctl = (...args: string[]) =>
      at(NODE, 'ctr -n dual tasks exec --exec-id "$$" plain etcdctl "$@"', ...args);
    await eventually('etcd to serve', () => etcdctl('put', 'greeting', 'hello').catch(() => undefined));
    expect(await etcdctl('get', 'greeting', '--print-value-only')).toBe('hello');
    await at(
      NODE,
      'ctr -n dual tasks kill --signal KILL plain && ctr -n dual tasks delete --force plain; ctr -n dual containers delete plain',
    );
  });

  test('comes back when both machines are started again', async () => {
    await Promise.all(MACHINES.map((machine) => rebootMachine(own.lab, machine)));
    await eventually(
      'both nodes to be ready',
      () =>
        kubectl(
          'wait',
          '--for=condition=Ready',
          '--timeout=1s',
          ...MACHINES.map((name) => `node/${name}`),
        ).catch(() => undefined),
      BACK_WITHIN_MS,
    );
    await expectServed();
    expect(await at(MASTER, 'systemctl --failed --no-legend --plain')).toBe('');
  });

  test('takes the network’s configuration away with flannel', async () => {
    const conflist = '/etc/cni/net.d/10-flannel.conflist';
    expect(await at(NODE, 'ls "$1"', conflist)).toBe(conflist);
    await kbootOk(own.folder, 'containers', 'uninstall', 'flannel', '--host', NODE);
    expect(
      await at(NODE, 'ls "$1" /etc/kubernetes/flannel /etc/kube-flannel 2> /dev/null || true', conflist),
    ).toBe('');
    expect((await listed(NODE)).map(({ name }) => name)).toEqual(['kube-proxy', 'kubelet', 'node-runtime']);
  });
});
