import { mkdtemp, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bundle } from '../../src/bundle/open.ts';
import { CLUSTER_TIMEOUT_MS, defaultBundle, eventually } from '../helpers/cluster.ts';
import { describeE2e } from '../helpers/require-e2e.ts';

/** The images that run both ways, with what they say about their version. */
const IMAGES: readonly [folder: string, version: (bundle: Bundle) => string][] = [
  ['kubelet', ({ lock }) => `Kubernetes ${lock.kubernetes}`],
  ['kube-apiserver', ({ lock }) => `Kubernetes ${lock.kubernetes}`],
  ['kube-controller-manager', ({ lock }) => `Kubernetes ${lock.kubernetes}`],
  ['kube-scheduler', ({ lock }) => `Kubernetes ${lock.kubernetes}`],
  ['kube-proxy', ({ lock }) => `Kubernetes ${lock.kubernetes}`],
  ['flannel', ({ lock }) => lock.versions['flannel'] ?? ''],
  ['node-runtime', ({ lock }) => ` ${lock.versions['containerd']}`],
];

/** What a machine without CAP_SYS_RESOURCE and with hybrid cgroups needs of podman, also when a label calls it. */
const CONTAINERS_CONF = `
[engine]
runtime = "runc"
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32000:32000"]
`;

const PREFIX = `kboot-test-${process.pid}`;

let bundle: Bundle;
let folder: string;
/** Directories that an INSTALL label made on this machine. */
const made: string[] = [];

async function podman(...args: string[]): Promise<string> {
  const env = { CONTAINERS_CONF: join(folder, 'containers.conf') };
  const { stdout, stderr } = await execa('podman', args, { env });
  // What a container wrote, on either stream, is what `podman logs` is asked for.
  return args[0] === 'logs' ? `${stdout}\n${stderr}` : stdout;
}

/** Takes an image out of the bundle, as anyone would: it is an OCI layout. Gives back the name it gets here. */
async function load(name: string): Promise<string> {
  const image = bundle.lock.images.find((candidate) => candidate.name.includes(`/${name}:`));
  const tag = `localhost/${PREFIX}/${name}:latest`;
  // podman makes a name out of a layout's path, and cannot where a folder begins with a dot.
  await execa('skopeo', ['copy', '--quiet', `oci:${bundle.dir}:${image?.name}`, `containers-storage:${tag}`]);
  return tag;
}

async function labelsOf(tag: string): Promise<Readonly<Record<string, string>>> {
  return JSON.parse(await podman('image', 'inspect', '--format', '{{json .Config.Labels}}', tag));
}

/** Runs the command of a label, which may make directories of this machine that it needs. */
async function runLabel(label: string, tag: string, container: string, ...more: string[]): Promise<void> {
  const words = (await labelsOf(tag))[label]?.split(' ') ?? [];
  const parents = words.filter((word) => label === 'INSTALL' && word.startsWith('/')).flatMap(pathsTo);
  for (const path of parents) if (!(await exists(path)) && !made.includes(path)) made.push(path);
  const rest = more.length === 0 ? [] : ['--', ...more];
  await podman('container', 'runlabel', '--name', container, label, tag, ...rest);
}

/** `/a/b/c`: `/a`, `/a/b`, `/a/b/c`. */
const pathsTo = (path: string): readonly string[] =>
  path.split('/').flatMap((_part, at, parts) => (at === 0 ? [] : [parts.slice(0, at + 1).join('/')]));

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

describeE2e('kboot’s images as ordinary containers', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kboot-dual-'));
    await writeFile(join(folder, 'containers.conf'), CONTAINERS_CONF);
    bundle = await defaultBundle();
  }, CLUSTER_TIMEOUT_MS);

  afterAll(async () => {
    const containers = await podman('ps', '--all', '--quiet', '--filter', `name=${PREFIX}`);
    if (containers !== '') await podman('rm', '--force', '--time', '2', ...containers.split('\n'));
    const images = await podman(
      'images',
      '--quiet',
      '--no-trunc',
      '--filter',
      `reference=localhost/${PREFIX}/*`,
    );
    if (images !== '') await podman('rmi', '--force', ...new Set(images.split('\n')));
    for (const path of made.sort().toReversed()) await rmdir(path);
    await rm(folder, { recursive: true });
  });

  it('serve, as etcd does, with the command in the label RUN', async () => {
    const tag = await load('etcd');
    const container = `${PREFIX}-etcd`;
    const etcdctl = (...args: string[]) => podman('exec', container, 'etcdctl', ...args);
    await runLabel('INSTALL', tag, container);
    try {
      await runLabel('RUN', tag, container);
      await eventually('etcd serves', () => etcdctl('endpoint', 'health').catch(() => undefined));
      await etcdctl('put', 'greeting', 'hello');
      expect(await etcdctl('get', 'greeting', '--print-value-only')).toBe('hello');
      await podman('rm', '--force', container);
      await runLabel('RUN', tag, container);
      const again = await eventually('etcd serves again', () =>
        etcdctl('get', 'greeting').catch(() => undefined),
      );
      expect(again).toBe('greeting\nhello');
    } finally {
      await runLabel('UNINSTALL', tag, container);
    }
    expect(await podman('ps', '--all', '--quiet', '--filter', `name=${container}`)).toBe('');
    expect(await podman('volume', 'ls', '--quiet', '--filter', 'name=^etcd$')).toBe('');
  });

  describe.each(IMAGES)('%s', (name, version) => {
    it('says what it is, and runs its program with the command in the label RUN', async () => {
      const tag = await load(name);
      const container = `${PREFIX}-${name}`;
      const labels = await labelsOf(tag);
      expect(labels).toMatchObject({
        'atomic.type': 'system',
        Name: expect.stringMatching(new RegExp(`^(kboot/)?${name}$`)),
        Version: name === 'flannel' ? bundle.lock.versions['flannel'] : bundle.lock.kubernetes,
      });

      await runLabel('INSTALL', tag, container);
      await runLabel('RUN', tag, container, '--version');
      expect(await podman('wait', container)).toBe('0');
      expect(await podman('logs', container)).toContain(version(bundle));
      const command = JSON.parse(
        await podman('inspect', '--format', '{{json .Config.CreateCommand}}', container),
      ) as string[];
      const words = labels['RUN']?.split(' ').map((word) => ({ NAME: container, IMAGE: tag })[word] ?? word);
      expect(command.slice(1)).toEqual([...(words?.slice(1) ?? []), '--version']);

      await runLabel('UNINSTALL', tag, container);
      expect(await podman('ps', '--all', '--quiet', '--filter', `name=${container}`)).toBe('');
    });
  });
});
