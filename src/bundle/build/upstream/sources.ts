import type { ManifestLock, Release } from '../release.ts';

/** A file that a project publishes, and what of it goes where. */
export interface UpstreamFile {
  readonly url: string;
  /** The project's own list of checksums for it, where it has one: `HEX` or lines of `HEX  NAME`. */
  readonly checksums?: string;
  /** Tree that it is for. */
  readonly tree: string;
  /** Path in the tree to the member of the archive, or to `''` for the file itself. */
  readonly files: Readonly<Record<string, string>>;
}

/** Everything that is taken from the projects' download pages. */
export function upstreamFiles(
  release: Release,
  flannel: ManifestLock,
  arch: string,
): readonly UpstreamFile[] {
  const { kubernetes, etcd, containerd, runc, 'cni-plugins': plugins } = release;
  const github = (path: string) => `https://github.com/${path}`;
  const containerdName = `containerd-static-${containerd.slice(1)}-linux-${arch}.tar.gz`;
  const containerdUrl = github(`containerd/containerd/releases/download/${containerd}/${containerdName}`);
  const pluginsUrl = github(
    `containernetworking/plugins/releases/download/${plugins}/cni-plugins-linux-${arch}-${plugins}.tgz`,
  );
  const flannelPlugin = flannelPluginVersion(flannel);
  const etcdName = `etcd-${etcd}-linux-${arch}`;
  return [
    ...['kubeadm', 'kubectl', 'kubelet'].map((name): UpstreamFile => {
      const url = `https://dl.k8s.io/release/${kubernetes}/bin/linux/${arch}/${name}`;
      return { url, checksums: `${url}.sha256`, tree: 'kubernetes-node', files: { [`usr/bin/${name}`]: '' } };
    }),
    {
      url: github(`etcd-io/etcd/releases/download/${etcd}/${etcdName}.tar.gz`),
      checksums: github(`etcd-io/etcd/releases/download/${etcd}/SHA256SUMS`),
      tree: 'etcd',
      files: members('usr/local/bin', ['etcd', 'etcdctl', 'etcdutl'], `${etcdName}/`),
    },
    {
      url: containerdUrl,
      checksums: `${containerdUrl}.sha256sum`,
      tree: 'host-programs',
      files: members('usr/local/bin', ['containerd', 'containerd-shim-runc-v2', 'ctr'], 'bin/'),
    },
    {
      url: github(`opencontainers/runc/releases/download/${runc}/runc.${arch}`),
      checksums: github(`opencontainers/runc/releases/download/${runc}/runc.sha256sum`),
      tree: 'host-programs',
      files: { 'usr/local/bin/runc': '' },
    },
    {
      url: pluginsUrl,
      checksums: `${pluginsUrl}.sha256`,
      tree: 'host-programs',
      files: members('opt/cni/bin', ['bridge', 'host-local', 'loopback', 'portmap'], './'),
    },
    {
      url: github(
        `flannel-io/cni-plugin/releases/download/${flannelPlugin}/cni-plugin-flannel-linux-${arch}-${flannelPlugin}.tgz`,
      ),
      tree: 'host-programs',
      files: { 'opt/cni/bin/flannel': `flannel-${arch}` },
    },
  ];
}

/** The version of flannel's CNI plugin that a manifest of flannel goes with: the tag of its image. */
export function flannelPluginVersion({ images, version }: ManifestLock): string {
  const tag = images
    .map((name) => /\/flannel-cni-plugin:(.+)$/.exec(name)?.[1])
    .find((found) => found !== undefined);
  if (tag === undefined)
    throw new Error(`the manifest of flannel ${version} has no image flannel-cni-plugin`);
  return tag;
}

function members(folder: string, names: readonly string[], inside: string): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [`${folder}/${name}`, `${inside}${name}`]));
}
