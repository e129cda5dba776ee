import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkName, defaultName } from '../../../src/system-container/machine/names.ts';

test.each([
  ['docker.io/library/busybox:1', 'busybox-1'],
  ['reg:5000/a/b:c', 'b-c'],
  ['example/etcd', 'etcd'],
  ['example/etcd:latest', 'etcd'],
  ['oci:example/etcd:v3', 'etcd-v3'],
  ['docker:busybox', 'busybox'],
  [`reg:5000/etcd:v3@sha256:${'a'.repeat(64)}`, 'etcd-v3'],
  [`etcd@sha256:${'a'.repeat(64)}`, 'etcd'],
])('an image %s gives the name %s', (image, name) => {
  expect(defaultName(image)).toBe(name);
});

test.each([
  ['oci-archive:/tmp/greeter.tar', undefined, 'greeter'],
  ['oci-archive:/tmp/greeter-1.2.oci.tar.gz', undefined, 'greeter-1.2'],
  ['oci-archive:/tmp/all.tar:web', undefined, 'web'],
  ['oci:/srv/images:etcd', undefined, 'etcd'],
  ['oci:/srv/.tar', undefined, '.tar'],
  ['docker-archive:/tmp/x.tar:example/web:v2', undefined, 'web-v2'],
  ['oci-archive:/tmp/x.tar', 'localhost/greeter:latest', 'greeter'],
  ['oci-archive:/tmp/x.tar', 'example/greeter:1', 'greeter-1'],
  ['example/etcd:v3', 'other', 'etcd-v3'],
])('an image in a file, %s, that calls itself %s, gives the name %s', (image, title, name) => {
  expect(defaultName(image, title)).toBe(name);
});

test.each(['etcd', 'a', '_x', 'v3.7', 'etcd-v3.7.3', 'c.0', 'UPPER_lower'])('%s can be a name', (name) => {
  expect(() => checkName(name, ['other'])).not.toThrow();
});

test.each([
  '',
  '.hidden',
  '-flag',
  'a/b',
  '..',
  'a b',
  "a'b",
  'a"b',
  'a$b',
  'a@b',
  'a\nb',
  'ä',
  'x'.repeat(201),
])('%j cannot be a name', (name) => {
  expect(() => checkName(name, [])).toThrow('cannot be the name of a system container');
});

test.each([
  ['c', 'c.0'],
  ['c', 'c.1'],
  ['c.0', 'c'],
  ['c.1', 'c'],
])('%s is refused beside %s', (name, other) => {
  expect(() => checkName(name, ['x', other])).toThrow(`collides with the deployments of '${other}'`);
});

test.each([
  ['c', 'c'],
  ['c', 'c.2'],
  ['c', 'cc.0'],
  ['c.0', 'c.1'],
])('%s is fine beside %s', (name, other) => {
  expect(() => checkName(name, [other])).not.toThrow();
});

test('no accepted name leaves its folder or splits a line', () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      try {
        checkName(name, []);
      } catch {
        return;
      }
      expect(name).not.toMatch(/[/\s'"$\\]|^\.|^-/);
    }),
  );
});
