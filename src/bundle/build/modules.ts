import { chmod, link, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { goBuild } from './go.ts';
import { debianVersions, fetchPackages, type PackagesOptions, readPackageLock } from './packages.ts';
import { goBuilds, type ProgramSet } from './programs.ts';
import { IMAGES_DIR, type Release } from './release.ts';
import { run } from './run.ts';
import { keyOf, type Steps } from './steps.ts';
import { readToolchain } from './toolchain.ts';
import { linkTo } from './tree.ts';
import { buildUserland, readUserland } from './userland.ts';

/** A tree of files from built programs: where each goes, and the links to make. */
interface Arrangement {
  readonly tree: string;
  /** Path in the tree to the program, `set/file`. */
  readonly files: Readonly<Record<string, `${ProgramSet | 'pause'}/${string}`>>;
  /** Path in the tree to the target of the link. */
  readonly links?: Readonly<Record<string, string>>;
  /** Empty directories: what has to be there to be mounted on. */
  readonly directories?: readonly string[];
}

const multiCall = (binary: string, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [`usr/local/bin/${name}`, binary]));

const ARRANGEMENTS: readonly Arrangement[] = [
  {
    tree: 'kubernetes-node',
    files: { 'usr/local/bin/kubernetes-node': 'kubernetes-node/kubernetes-node' },
    links: {
      ...multiCall('kubernetes-node', ['kube-proxy']),
      ...Object.fromEntries(
        ['kubeadm', 'kubectl', 'kubelet'].map((name) => [`usr/bin/${name}`, '../local/bin/kubernetes-node']),
      ),
    },
  },
  {
    tree: 'kubernetes-control-plane',
    files: { 'usr/local/bin/kubernetes-control-plane': 'kubernetes-control-plane/kubernetes-control-plane' },
    links: multiCall('kubernetes-control-plane', [
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
    ]),
  },
  {
    tree: 'etcd',
    files: {
      'usr/local/bin/etcd': 'etcd/etcd',
    },
    links: { 'usr/local/bin/etcdctl': 'etcd', 'usr/local/bin/etcdutl': 'etcd' },
    directories: ['dev', 'proc', 'etc/kubernetes/pki/etcd', 'var/lib/etcd'],
  },
  {
    tree: 'host-programs',
    files: {
      'usr/local/bin/containerd': 'containerd/containerd',
      'usr/local/bin/containerd-shim-runc-v2': 'containerd/containerd-shim-runc-v2',
      'usr/local/bin/runc': 'runc/runc',
      'opt/cni/bin/bridge': 'cni-plugins/bridge',
      'opt/cni/bin/host-local': 'cni-plugins/host-local',
      'opt/cni/bin/loopback': 'cni-plugins/loopback',
      'opt/cni/bin/portmap': 'cni-plugins/portmap',
      'opt/cni/bin/flannel': 'flannel-cni-plugin/flannel',
    },
    links: { 'usr/local/bin/ctr': 'containerd' },
    directories: ['etc/cni/net.d'],
  },
  {
    tree: 'flannel',
    files: { 'opt/bin/flanneld': 'flannel/flanneld', 'opt/bin/install-conf': 'install-conf/install-conf' },
  },
  { tree: 'flannel-cni-plugin', files: { flannel: 'flannel-cni-plugin/flannel' } },
  { tree: 'coredns', files: { coredns: 'coredns/coredns' } },
  { tree: 'pause', files: { pause: 'pause/pause' } },
];

/** What the images are made of. */
export interface Trees {
  /** Tree name to folder. */
  readonly folders: ReadonlyMap<string, string>;
  /** What went into them beside the release's own components: the toolchain, the Debian packages. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Compiles and unpacks everything that the images are made of. */
export async function treesFromModules(
  release: Release,
  steps: Steps,
  options: PackagesOptions,
): Promise<Trees> {
  const { signal } = options;
  const toolchain = await readToolchain();
  const programs = new Map<string, string>();
  for (const [set, build] of Object.entries(goBuilds(release))) {
    programs.set(set, await goBuild(build, steps, toolchain, signal));
  }
  programs.set('pause', await compilePause(steps, toolchain.c, signal));
  const packages = await fetchPackages(await readPackageLock(toolchain.arch), options);
  const folders = new Map(await buildUserland(packages, await readUserland(), steps, signal));
  for (const arrangement of ARRANGEMENTS) {
    folders.set(arrangement.tree, await arrange(arrangement, programs, steps));
  }
  return { folders, versions: { go: toolchain.go, ...debianVersions(packages) } };
}

async function compilePause(
  steps: Steps,
  compiler: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  const source = join(IMAGES_DIR, 'pause', 'pause.c');
  const flags = ['-static', '-Os', '-s', '-Wl,--build-id=none'];
  const inputs = { source: await readFile(source, 'utf8'), flags, compiler };
  return steps.run({ name: 'pause', title: 'Compile pause', inputs }, async (dir) => {
    await run(['gcc', ...flags, '-o', join(dir, 'pause'), source], { signal });
    await chmod(join(dir, 'pause'), 0o755);
  });
}

async function arrange(arrangement: Arrangement, programs: ReadonlyMap<string, string>, steps: Steps) {
  const { tree, files, links = {}, directories = [] } = arrangement;
  const source = (program: string) => {
    const [set = '', file = ''] = program.split('/');
    return { set, path: join(programs.get(set) ?? '', file) };
  };
  const sets = [...new Set(Object.values(files).map((program) => source(program).set))];
  const inputs = { arrangement, programs: sets.map((set) => keyOf(programs.get(set) ?? '')) };
  return steps.run({ name: `tree-${tree}`, title: `Arrange ${tree}`, inputs }, async (dir) => {
    for (const [path, program] of Object.entries(files)) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await link(source(program).path, join(dir, path));
    }
    for (const [path, target] of Object.entries(links)) await linkTo(target, join(dir, path));
    for (const directory of directories) await mkdir(join(dir, directory), { recursive: true });
  });
}
