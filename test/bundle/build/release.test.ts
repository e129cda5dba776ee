import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { imageSpecs } from '../../../src/bundle/build/images.ts';
import { readPackageLock } from '../../../src/bundle/build/packages.ts';
import { goBuilds } from '../../../src/bundle/build/programs.ts';
import {
  DEFAULT_KUBERNETES,
  IMAGES_DIR,
  knownReleases,
  readFlannelLock,
  readRelease,
} from '../../../src/bundle/build/release.ts';

const releases = await Promise.all((await knownReleases()).map(readRelease));

it('builds the default version', async () => {
  expect((await readRelease(DEFAULT_KUBERNETES)).kubernetes).toBe(DEFAULT_KUBERNETES);
});

it('names the versions it knows when it is asked for another', async () => {
  await expect(readRelease('v1.2.3')).rejects.toMatchObject({
    code: 'USAGE',
    message: 'kboot cannot build a bundle for Kubernetes v1.2.3',
    hint: expect.stringContaining(DEFAULT_KUBERNETES),
  });
});

const MODULES: Readonly<Record<string, string>> = {
  'kubernetes-node': 'k8s.io/kubernetes',
  'kubernetes-control-plane': 'k8s.io/kubernetes',
  etcd: 'go.etcd.io/etcd/server/v3',
  containerd: 'github.com/containerd/containerd/v2',
  runc: 'github.com/opencontainers/runc',
  'cni-plugins': 'github.com/containernetworking/plugins',
  'flannel-cni-plugin': 'github.com/containernetworking/plugins',
  'install-conf': 'github.com/flannel-io/flannel',
  flannel: 'github.com/flannel-io/flannel',
  coredns: 'github.com/coredns/coredns',
};

it.each(releases)(
  'has a module with sums for every program of $kubernetes, at the version of the release',
  async (release) => {
    const versions: Readonly<Record<string, string>> = {
      ...release,
      'kubernetes-node': release.kubernetes,
      'kubernetes-control-plane': release.kubernetes,
      'install-conf': release.flannel,
    };
    for (const [name, { sources }] of Object.entries(goBuilds(release))) {
      const folder = sources.find((source) => existsSync(join(source, 'go.mod'))) ?? '';
      const required = new RegExp(`${MODULES[name]} (v\\S+)`).exec(
        await readFile(join(folder, 'go.mod'), 'utf8'),
      )?.[1];
      expect([name, required]).toEqual([name, versions[name]]);
      expect(await readFile(join(folder, 'go.sum'), 'utf8')).toContain(
        `${MODULES[name]} ${versions[name]} h1:`,
      );
    }
  },
);

it.each(releases)(
  'takes every staging repository of $kubernetes at the same version',
  async ({ kubernetes }) => {
    const text = await readFile(join(IMAGES_DIR, 'kubernetes', kubernetes, 'go.mod'), 'utf8');
    const replaced = [...text.matchAll(/^\s(k8s\.io\/\S+) => (\S+) (\S+)$/gm)];
    expect(replaced.length).toBeGreaterThan(30);
    for (const [, from, to, version] of replaced)
      expect([to, version]).toEqual([from, kubernetes.replace('v1.', 'v0.')]);
  },
);

it.each(releases)(
  'has the images of $kubernetes under the names that kubeadm and flannel ask for',
  async (release) => {
    const specs = imageSpecs(release, await readFlannelLock(release));
    expect(specs.map(({ name, kind, roles }) => `${kind} ${name} ${roles.join(' ')}`)).toEqual([
      `system kboot/node-runtime:${release.kubernetes} master node`,
      `system kboot/etcd:${release.kubernetes} master`,
      `system kboot/kubelet:${release.kubernetes} master node`,
      `pod registry.k8s.io/pause:${release.pause} master node`,
      `pod registry.k8s.io/kube-apiserver:${release.kubernetes} master`,
      `pod registry.k8s.io/kube-controller-manager:${release.kubernetes} master`,
      `pod registry.k8s.io/kube-scheduler:${release.kubernetes} master`,
      `pod registry.k8s.io/kube-proxy:${release.kubernetes} master node`,
      'pod ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3 ',
      `pod ghcr.io/flannel-io/flannel:${release.flannel} master node`,
      `pod registry.k8s.io/coredns/coredns:${release.coredns} master node`,
    ]);
  },
);

it('has a Containerfile for each image that copies the trees which the image is given, in their order', async () => {
  for (const release of releases) {
    for (const { folder, trees } of imageSpecs(release, await readFlannelLock(release))) {
      const text = await readFile(join(IMAGES_DIR, folder, 'Containerfile'), 'utf8');
      const copied = [...text.matchAll(/^COPY (\S+)\/ /gm)].map((match) => match[1] ?? '');
      const own = copied.filter((name) => existsSync(join(IMAGES_DIR, folder, name)));
      expect([folder, copied.filter((name) => !own.includes(name))]).toEqual([folder, trees]);
      expect(text).toMatch(/^(#.*\n)*FROM scratch\n/);
    }
  }
});

it('locks a Debian package of every layer, and no other', async () => {
  const text = await readFile(join(IMAGES_DIR, 'userland', 'userland.json'), 'utf8');
  const layers = Object.values(JSON.parse(text) as Record<string, { packages: Record<string, string[]> }>);
  const wanted = new Set(layers.flatMap(({ packages }) => Object.keys(packages)));
  for (const file of await readdir(join(IMAGES_DIR, 'userland'))) {
    const arch = /^packages\.(\w+)\.lock\.json$/.exec(file)?.[1];
    if (arch !== undefined)
      expect(Object.keys(await readPackageLock(arch)).sort()).toEqual([...wanted].sort());
  }
});

it('puts nothing in /etc of an image: in the kubelet’s, the machine’s own is mounted over it', async () => {
  const text = await readFile(join(IMAGES_DIR, 'userland', 'userland.json'), 'utf8');
  expect(text.match(/"etc\/[^"]*"/g)).toBeNull();
});

it('says so when an architecture has no locked packages', async () => {
  await expect(readPackageLock('riscv64')).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    hint: expect.stringContaining('renew-lock.mjs'),
  });
});
