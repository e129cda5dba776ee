import { expect, it, test } from 'vitest';
import { imageArchitecture } from '../../src/cluster/architecture.ts';
import { COMPONENT_NAMES, componentOfImage, isComponent, unitsOf } from '../../src/cluster/components.ts';
import { portsOf } from '../../src/cluster/ports.ts';

it('names the components in the order in which they need each other', () => {
  expect(COMPONENT_NAMES).toEqual(['node-runtime', 'etcd', 'kubelet']);
});

test.each([
  ['kboot/etcd:v1.37.2', 'etcd'],
  ['kboot/node-runtime@sha256:abc', 'node-runtime'],
  ['kboot/kubelet', 'kubelet'],
  ['kboot/kube-proxy:v1', undefined],
  ['kboot/etcdctl:v1', undefined],
  ['docker.io/kboot/etcd:v1', undefined],
  ['etcd', undefined],
])('the component of the image %s is %s', (image, name) => {
  expect(componentOfImage(image)).toBe(name);
});

it('knows no component by a word of the language', () => {
  expect(['constructor', 'toString', ''].map(isComponent)).toEqual([false, false, false]);
});

it('gives etcd, its ports and those of the control plane to masters only', () => {
  expect(unitsOf('master')).toContain('etcd.service');
  expect(unitsOf('node')).toEqual(['containerd.service', 'kubelet.service']);
  const master = portsOf('master').filter((port) => !portsOf('node').includes(port));
  expect(master).toEqual([6443, 2379, 2380, 10257, 10259]);
});

test.each([
  ['x86_64', 'amd64'],
  ['aarch64', 'arm64'],
  ['riscv64', 'riscv64'],
])('images for %s are for %s', (machine, architecture) => {
  expect(imageArchitecture(machine)).toBe(architecture);
});
