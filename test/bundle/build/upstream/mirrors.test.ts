import { expect, it } from 'vitest';
import { fileAt, imageAt, parseMirrors } from '../../../../src/bundle/build/upstream/mirrors.ts';

const MIRRORS = parseMirrors([
  'dl.k8s.io=https://mirror.example.com/k8s/',
  'github.com=mirror.example.com/github',
  'registry.k8s.io=mirror.example.com/k8s',
  'ghcr.io=http://127.0.0.1:5000',
]);

it.each([
  ['https://dl.k8s.io/release/v1/kubelet', 'https://mirror.example.com/k8s/release/v1/kubelet'],
  ['https://github.com/a/b/c.tgz', 'https://mirror.example.com/github/a/b/c.tgz'],
  ['https://raw.githubusercontent.com/a/b', 'https://raw.githubusercontent.com/a/b'],
])('gets %s from %s', (url, place) => {
  expect(fileAt(url, MIRRORS)).toBe(place);
});

it.each([
  ['registry.k8s.io/coredns/coredns:v1.14.6', 'mirror.example.com/k8s/coredns/coredns', false],
  ['ghcr.io/flannel-io/flannel:v0.28.10', '127.0.0.1:5000/flannel-io/flannel', true],
  ['docker.io/library/busybox:1', 'docker.io/library/busybox', false],
  ['localhost:5000/busybox', 'localhost:5000/busybox', false],
])('pulls %s from %s', (name, repository, insecure) => {
  expect(imageAt(name, MIRRORS)).toEqual({ repository, insecure });
});

it.each(['dl.k8s.io', '=https://x', 'dl.k8s.io=', 'https://dl.k8s.io=https://x'])('refuses %j', (text) => {
  expect(() => parseMirrors([text])).toThrow(
    expect.objectContaining({ code: 'USAGE', message: `'${text}' is not a mirror` }),
  );
});
