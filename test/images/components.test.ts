import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { IMAGES_DIR } from '../../src/bundle/build/release.ts';
import { listTree } from '../../src/bundle/build/tree.ts';
import { parseConfig } from '../../src/system-container/runtime-spec/config-json.ts';
import { temporaryFolder } from '../helpers/bundle.ts';
import { expanded, manifestOf, readOfImage } from '../helpers/image-exports.ts';

interface Mount {
  readonly type: string;
  readonly source: string;
  readonly destination: string;
  readonly options: readonly string[];
}

interface Config {
  readonly process: {
    readonly args: readonly string[];
    readonly env: readonly string[];
    readonly capabilities: Readonly<Record<string, readonly string[]>>;
    readonly noNewPrivileges: boolean;
  };
  readonly mounts: readonly Mount[];
  readonly linux: {
    readonly namespaces: readonly { readonly type: string }[];
    readonly readonlyPaths: string[];
  };
}

async function configOf(image: string, user: Readonly<Record<string, string>> = {}): Promise<Config> {
  return parseConfig(await expanded(image, 'config.json.template', user), image) as unknown as Config;
}

const CONTROL_PLANE = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
const NETWORK = ['kube-proxy', 'flannel'];

const writable = ({ mounts }: Config) =>
  mounts
    .filter(({ type, options }) => type === 'bind' && !options.includes('ro'))
    .map(({ destination }) => destination);

it.each(CONTROL_PLANE)('gives %s no capability, and nothing to write to', async (image) => {
  const config = await configOf(image);
  expect(Object.values(config.process.capabilities)).toEqual([[], [], [], [], []]);
  expect(config.process.noNewPrivileges).toBe(true);
  expect(writable(config)).toEqual([]);
  expect(config.linux.namespaces.map(({ type }) => type)).toEqual(['mount', 'pid', 'ipc', 'uts']);
  expect(config.linux.readonlyPaths).toContain('/proc/sys');
});

it.each([
  ['kube-proxy', ['/sys/module']],
  ['flannel', ['/run/flannel']],
])('lets %s change the network of the host, and little else', async (image, places) => {
  const config = await configOf(image);
  const capabilities = ['CAP_NET_ADMIN', 'CAP_NET_RAW'];
  expect(Object.values(config.process.capabilities)).toEqual(Array(5).fill(capabilities));
  expect(config.process.noNewPrivileges).toBe(true);
  expect(writable(config)).toEqual(places);
  expect(config.linux.namespaces.map(({ type }) => type)).toEqual(['mount', 'pid', 'ipc']);
  for (const part of ['kernel', 'vm', 'fs'])
    expect(config.linux.readonlyPaths).toContain(`/proc/sys/${part}`);
});

describe.each([
  ['kube-apiserver', 'apiserver', 'KUBE_APISERVER_ARGS'],
  ['kube-controller-manager', 'controller-manager', 'KUBE_CONTROLLER_MANAGER_ARGS'],
  ['kube-scheduler', 'scheduler', 'KUBE_SCHEDULER_ARGS'],
  ['kube-proxy', 'proxy', 'KUBE_PROXY_ARGS'],
])('%s', (image, file, variable) => {
  it('takes arguments from the install, and at each start from a file which the install brings', async () => {
    const { process, mounts } = await configOf(image, { [variable]: '--v=2', CONF_DIRECTORY: '/srv/etc' });
    expect(process.env).toContain(`${variable}=--v=2`);
    expect(process.env).toContain(`ARGUMENTS_FILE=/etc/kubernetes/${file}`);
    expect(mounts.find(({ destination }) => destination === `/etc/kubernetes/${file}`)).toMatchObject({
      source: `/srv/etc/kubernetes/${file}`,
    });
    const entries = await listTree(join(IMAGES_DIR, image, 'exports/hostfs'));
    expect(entries.flatMap(({ kind, path }) => (kind === 'directory' ? [] : [path]))).toEqual([
      `etc/kubernetes/${file}`,
    ]);
    expect(await readOfImage(image, 'exports/hostfs/etc/kubernetes', file)).toContain(`\n${variable}=""\n`);
  });

  it('calls the program that the image’s entry point is', async () => {
    const containerfile = await readOfImage(image, 'Containerfile');
    expect(containerfile).toContain(`ENTRYPOINT ["/usr/local/bin/${image}"]\n`);
    expect((await configOf(image)).process.args[0]).toBe(`/usr/local/bin/${image}`);
  });

  it('takes mounts of the administrator', async () => {
    const mount = { type: 'bind', source: '/srv/audit', destination: '/audit', options: ['rbind', 'rw'] };
    const { mounts } = await configOf(image, { ADDTL_MOUNTS: `,${JSON.stringify(mount)}` });
    expect(mounts.at(-1)).toEqual(mount);
  });

  it('does not let the engine make a folder in the place of a file that is missing', async () => {
    expect(await expanded(image, 'tmpfiles.template')).toBe('');
  });
});

it.each([...CONTROL_PLANE, ...NETWORK])('shows %s only those files of /etc that it reads', async (image) => {
  const { mounts } = await configOf(image);
  const places = mounts.filter(({ type }) => type === 'bind').map(({ source }) => source);
  expect(places).not.toContain('/etc');
  expect(places).not.toContain('/etc/kubernetes');
});

describe('flannel', () => {
  it('is ready when flanneld says so; only then containerd gets the network’s configuration', async () => {
    const unit = await expanded('flannel', 'service.template');
    expect(unit).toMatch(/^Type=notify$/m);
    const conflist = '/etc/cni/net.d/10-flannel.conflist';
    expect(unit).toContain(`\nExecStartPost=/bin/cp /etc/kube-flannel/cni-conf.json ${conflist}.new\n`);
    expect(unit).toContain(`\nExecStartPost=/bin/mv ${conflist}.new ${conflist}\n`);
    expect(await expanded('flannel', 'tmpfiles.template')).toMatch(new RegExp(`^r ${conflist}$`, 'm'));
  });

  it('speaks the version of CNI that its plugin does', async () => {
    const conflist = JSON.parse(await readOfImage('flannel/exports/hostfs/etc/kube-flannel/cni-conf.json'));
    expect(conflist.cniVersion).toBe('0.4.0');
    expect(conflist.plugins.map(({ type }: { type: string }) => type)).toEqual(['flannel', 'portmap']);
  });

  it('is told the pod network', async () => {
    expect((await manifestOf('flannel')).installedFilesTemplate).toEqual(['/etc/kube-flannel/net-conf.json']);
    const text = await expanded('flannel', 'hostfs/etc/kube-flannel/net-conf.json', { BACKEND: 'host-gw' });
    expect(JSON.parse(text)).toEqual({ Network: '10.244.0.0/16', Backend: { Type: 'host-gw' } });
  });

  /** Runs the real start script with another root, and a flanneld that prints what it is given. */
  async function start(env: Readonly<Record<string, string>>, file?: string): Promise<readonly string[]> {
    const root = await temporaryFolder();
    const program = '#!/bin/sh\necho "$@"; env | grep -e ^FLANNELD_ -e ^NODE_NAME | sort\n';
    await mkdir(join(root, 'bin'));
    await writeFile(join(root, 'bin/flanneld'), program, { mode: 0o755 });
    await writeFile(join(root, 'bin/uname'), '#!/bin/sh\necho Node1.Example.com\n', { mode: 0o755 });
    if (file !== undefined) await writeFile(join(root, 'flannel'), file);
    const script = (await readOfImage('flannel/rootfs/usr/bin/flanneld-start'))
      .replaceAll('/etc/kubernetes/flannel', join(root, 'flannel'))
      .replace('/opt/bin/flanneld', join(root, 'bin/flanneld'));
    await writeFile(join(root, 'start'), script);
    const path = `${join(root, 'bin')}:${process.env['PATH']}`;
    const { stdout } = await execa('sh', [join(root, 'start'), '--x'], {
      env: { PATH: path, ...env },
      extendEnv: false,
    });
    return stdout.split('\n');
  }

  it('takes settings from the install, then from the administrator’s file', async () => {
    const env = { NODE_NAME: 'n1', FLANNELD_IFACE: 'eth0', FLANNELD_IP_MASQ: 'true' };
    expect(await start(env)).toEqual(['--x', 'FLANNELD_IFACE=eth0', 'FLANNELD_IP_MASQ=true', 'NODE_NAME=n1']);
    expect(await start(env, '# a comment\nFLANNELD_IFACE=eth1\nFLANNELD_PUBLIC_IP=192.0.2.1\n')).toEqual([
      '--x',
      'FLANNELD_IFACE=eth1',
      'FLANNELD_IP_MASQ=true',
      'FLANNELD_PUBLIC_IP=192.0.2.1',
      'NODE_NAME=n1',
    ]);
  });

  it('calls the node as the kubelet does, where nobody says its name', async () => {
    expect(await start({ NODE_NAME: '' })).toEqual(['--x', 'NODE_NAME=node1.example.com']);
  });
});
