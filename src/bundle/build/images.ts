import type { Role } from '../lock.ts';
import type { ManifestLock, Release } from './release.ts';

/** An image to build: a folder of images/, and the trees that its Containerfile copies from. */
export interface ImageSpec {
  /** Folder in images/. */
  readonly folder: string;
  readonly name: string;
  readonly kind: 'system' | 'pod';
  readonly roles: readonly Role[];
  readonly version: string;
  /** Names of trees, as the Containerfile calls them. */
  readonly trees: readonly string[];
  /** Defaults of template variables that only the release knows. */
  readonly defaultValues?: Readonly<Record<string, string>>;
}

const EVERY: readonly Role[] = ['master', 'node'];
const MASTER: readonly Role[] = ['master'];
/** In the bundle for those who apply flannel's manifest as released; with kboot the plugin comes in node-runtime. */
const NOBODY: readonly Role[] = [];

/**
 * All images of a bundle, under the names that kubeadm and flannel's manifest ask for. The order is that of
 * bundle.json: system images, then pods in the order in which a new machine starts them.
 */
export function imageSpecs(release: Release, flannel: ManifestLock): readonly ImageSpec[] {
  const { kubernetes } = release;
  const pause = `registry.k8s.io/pause:${release.pause}`;
  const controlPlane = (folder: string): ImageSpec => ({
    ...pod(folder, `registry.k8s.io/${folder}:${kubernetes}`, kubernetes, MASTER),
    trees: ['kubernetes-control-plane'],
  });
  return [
    {
      ...system('node-runtime', kubernetes, EVERY),
      trees: ['host-programs'],
      defaultValues: { PAUSE_IMAGE: pause },
    },
    { ...system('etcd', kubernetes, MASTER), trees: ['etcd'] },
    {
      ...system('kubelet', kubernetes, EVERY),
      trees: ['userland-network', 'kubernetes-node', 'userland-storage'],
    },
    { ...pod('pause', pause, release.pause, EVERY), trees: ['pause'] },
    controlPlane('kube-apiserver'),
    controlPlane('kube-controller-manager'),
    controlPlane('kube-scheduler'),
    {
      ...pod('kube-proxy', `registry.k8s.io/kube-proxy:${kubernetes}`, kubernetes, EVERY),
      trees: ['userland-network', 'kubernetes-node'],
    },
    {
      ...pod(
        'flannel-cni-plugin',
        imageOf(flannel, 'flannel-cni-plugin'),
        release['flannel-cni-plugin'],
        NOBODY,
      ),
      trees: ['userland-network', 'flannel-cni-plugin'],
    },
    {
      ...pod('flannel', imageOf(flannel, 'flannel'), release.flannel, EVERY),
      trees: ['userland-network', 'flannel'],
    },
    {
      ...pod('coredns', `registry.k8s.io/coredns/coredns:${release.coredns}`, release.coredns, EVERY),
      trees: ['coredns'],
    },
  ];
}

function system(folder: string, version: string, roles: readonly Role[]): Omit<ImageSpec, 'trees'> {
  return { folder, name: `kboot/${folder}:${version}`, kind: 'system', roles, version };
}

function pod(
  folder: string,
  name: string,
  version: string,
  roles: readonly Role[],
): Omit<ImageSpec, 'trees'> {
  return { folder, name, kind: 'pod', roles, version };
}

/** The image of a manifest whose repository ends in `name`. */
function imageOf({ images, version }: ManifestLock, name: string): string {
  const found = images.find((image) => image.split(':')[0]?.endsWith(`/${name}`));
  if (found === undefined) throw new Error(`the manifest ${version} has no image ${name}`);
  return found;
}
