import { expect, it } from 'vitest';
import { importIndex } from '../../src/bundle/import.ts';
import { blobsOf, diskNeeded, podImages, systemImage, systemImages } from '../../src/bundle/select.ts';
import { isInstalled, missingBlobs } from '../../src/phases/system-containers.ts';
import { BUNDLE, digestOf, factsWith, LOCK, stateWith } from '../helpers/cluster-state.ts';

const names = (images: readonly { name: string }[]) => images.map(({ name }) => name.replace(/^.*\//, ''));
const kubeProxy = podImages(LOCK, 'node').filter(({ name }) => name.includes('kube-proxy'));
const kubelet = systemImages(LOCK, 'node').filter(({ name }) => name.includes('kubelet'));
const node = (facts: Parameters<typeof factsWith>[0]) => stateWith('n', 'node', { facts: factsWith(facts) });

it('chooses by role', () => {
  expect(names(systemImages(LOCK, 'node'))).toEqual(['node-runtime:v1.37.2', 'kubelet:v1.37.2']);
  expect(names(podImages(LOCK, 'node'))).toEqual(['pause:3.10.2', 'kube-proxy:v1.37.2']);
  expect(names(podImages(LOCK, 'master'))).toContain('kube-apiserver:v1.37.2');
});

it('finds a system image by its name, not by the start of it', () => {
  expect(systemImage(LOCK, 'etcd')?.name).toBe('kboot/etcd:v1.37.2');
  expect(systemImage(LOCK, 'kube')).toBeUndefined();
});

it('sends a shared layer once, and of a system image only layers', () => {
  expect(blobsOf([...kubelet, ...kubeProxy]).filter(({ digest }) => digest === digestOf('1'))).toHaveLength(
    1,
  );
  expect(blobsOf(kubelet)).toEqual([{ digest: digestOf('1'), size: 100 }]);
  expect(blobsOf(kubeProxy)).toHaveLength(3);
});

it('counts a layer that both stores need twice on disk', () => {
  // 100 staged for the layer, 10 + 10 for manifest and configuration; the same again in containerd; 2 x unpacked.
  expect(diskNeeded([...kubelet, ...kubeProxy])).toBe(120 + 120 + 1000 + 1000);
});

it('asks for a blob again when only the layer store has it and containerd needs it', () => {
  const one = '1'.repeat(64);
  expect(missingBlobs(node({ layers: new Set([one]) }), kubelet)).toEqual([]);
  expect(missingBlobs(node({ layers: new Set([one]) }), kubeProxy).map(({ digest }) => digest)).toContain(
    digestOf('1'),
  );
  expect(missingBlobs(node({ contents: new Set([one]) }), kubelet)).toEqual([]);
  expect(missingBlobs(node({ staged: new Map([[one, 100]]) }), kubelet)).toEqual([]);
});

it('sends a staged blob again that is not whole', () => {
  const cut = new Map([['1'.repeat(64), 99]]);
  expect(missingBlobs(node({ staged: cut }), kubelet).map(({ digest }) => digest)).toEqual([digestOf('1')]);
});

it('tells an installed container from one of another build', () => {
  const installed = (revision: string) =>
    stateWith('n', 'node', { containers: [{ name: 'kubelet', revision } as never] });
  expect(isInstalled(installed('c'.repeat(64)), 'kubelet', BUNDLE)).toBe(true);
  expect(isInstalled(installed('d'.repeat(64)), 'kubelet', BUNDLE)).toBe(false);
});

it('lists images under the names that the kubelet asks for', () => {
  const { manifests } = JSON.parse(importIndex(kubeProxy, 'amd64'));
  expect(manifests).toEqual([
    {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: digestOf('f'),
      size: 10,
      platform: { architecture: 'amd64', os: 'linux' },
      annotations: {
        'io.containerd.image.name': 'registry.k8s.io/kube-proxy:v1.37.2',
        'org.opencontainers.image.ref.name': 'registry.k8s.io/kube-proxy:v1.37.2',
      },
    },
  ]);
});
