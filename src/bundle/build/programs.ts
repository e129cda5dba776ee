import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { GoBuild } from './go.ts';
import { IMAGES_DIR, type Release } from './release.ts';

const PLUGINS = 'github.com/containernetworking/plugins';
const PLUGIN_VERSION = `${PLUGINS}/pkg/utils/buildversion.BuildVersion`;

/** Every Go program of a bundle. */
export function goBuilds(release: Release): Readonly<Record<ProgramSet, GoBuild>> {
  return {
    'kubernetes-node': kubernetes(release, 'node'),
    'kubernetes-control-plane': kubernetes(release, 'control-plane'),
    etcd: { ...named('etcd', release.etcd, 'etcd'), programs: { etcd: '.' } },
    containerd: {
      ...named('containerd', release.containerd, 'node-runtime', 'containerd'),
      programs: {
        containerd: '.',
        'containerd-shim-runc-v2': 'github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2',
      },
      variables: { 'github.com/containerd/containerd/v2/version.Version': release.containerd },
    },
    runc: {
      ...named('runc', release.runc, 'node-runtime', 'runc'),
      programs: { runc: 'github.com/opencontainers/runc' },
      tags: ['seccomp', 'netgo', 'osusergo'],
      cgo: true,
    },
    'cni-plugins': {
      ...named('cni-plugins', release['cni-plugins'], 'node-runtime', 'cni-plugins'),
      programs: {
        bridge: `${PLUGINS}/plugins/main/bridge`,
        loopback: `${PLUGINS}/plugins/main/loopback`,
        'host-local': `${PLUGINS}/plugins/ipam/host-local`,
        portmap: `${PLUGINS}/plugins/meta/portmap`,
      },
      variables: { [PLUGIN_VERSION]: release['cni-plugins'] },
    },
    'flannel-cni-plugin': {
      ...named('flannel-cni-plugin', release['flannel-cni-plugin'], 'flannel-cni-plugin'),
      programs: { flannel: `${PLUGINS}/plugins/meta/flannel` },
      variables: { [PLUGIN_VERSION]: release['flannel-cni-plugin'] },
    },
    'install-conf': {
      ...named('install-conf', release.flannel, 'flannel'),
      programs: { 'install-conf': 'github.com/flannel-io/flannel/cmd/install_conf' },
    },
    flannel: {
      ...named('flannel', release.flannel, 'flannel'),
      programs: { flanneld: 'github.com/flannel-io/flannel' },
      tags: ['netgo', 'osusergo'],
      variables: { 'github.com/flannel-io/flannel/pkg/version.Version': release.flannel },
      cgo: true,
    },
    coredns: {
      ...named('coredns', release.coredns, 'coredns'),
      programs: { coredns: 'github.com/coredns/coredns' },
    },
  };
}

export type ProgramSet =
  | 'kubernetes-node'
  | 'kubernetes-control-plane'
  | 'etcd'
  | 'containerd'
  | 'runc'
  | 'cni-plugins'
  | 'flannel-cni-plugin'
  | 'install-conf'
  | 'flannel'
  | 'coredns';

/** The code of ours that a component's programs are made of, where there is some, and its module. */
function sourcesIn(folder: string, version: string): readonly string[] {
  const own = join(folder, 'src');
  return [...(existsSync(own) ? [own] : []), join(folder, version)];
}

function named(
  name: string,
  version: string,
  ...folder: string[]
): Pick<GoBuild, 'name' | 'title' | 'sources'> {
  const sources = sourcesIn(join(IMAGES_DIR, ...folder), version);
  return { name, title: `Compile ${name} ${version}`, sources };
}

function kubernetes({ kubernetes: version }: Release, group: 'node' | 'control-plane'): GoBuild {
  const [major = '', minor = ''] = version.slice(1).split('.');
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  return {
    name: `kubernetes-${group}`,
    title: `Compile Kubernetes ${version} (${group === 'node' ? 'kubelet, kubeadm, kubectl, kube-proxy' : 'control plane'})`,
    sources: sourcesIn(join(IMAGES_DIR, 'kubernetes'), version),
    programs: { [`kubernetes-${group}`]: `./cmd/${group}` },
    variables: Object.fromEntries(
      packages.flatMap((path) => Object.entries(values).map(([name, value]) => [`${path}.${name}`, value])),
    ),
  };
}
