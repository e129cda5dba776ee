import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseImageReference } from '../../../src/bundle/image-source/reference.ts';

const HEX = 'a'.repeat(64);
const parse = (text: string) => parseImageReference(text, '/work/here');

test.each([
  ['etcd', { transport: 'bundle', name: 'etcd:latest', repository: 'etcd', tag: 'latest' }],
  ['kboot/etcd:v1.37.2', { name: 'kboot/etcd:v1.37.2', repository: 'kboot/etcd', tag: 'v1.37.2' }],
  [
    'registry.k8s.io/kube-apiserver:v1.37.2',
    { transport: 'bundle', repository: 'registry.k8s.io/kube-apiserver' },
  ],
  ['reg:5000/a/b:c', { transport: 'bundle', repository: 'reg:5000/a/b', tag: 'c' }],
  [`kboot/etcd@sha256:${HEX}`, { name: `kboot/etcd@sha256:${HEX}`, tag: undefined, digest: `sha256:${HEX}` }],
  // Looks like the id of a layer, and is a name all the same.
  ['deadbeef', { transport: 'bundle', name: 'deadbeef:latest' }],
  [
    'oci:images',
    { transport: 'oci', path: '/work/here/images', tag: undefined, name: 'oci:/work/here/images' },
  ],
  ['oci:/srv/i/:v1', { path: '/srv/i', tag: 'v1', name: 'oci:/srv/i:v1' }],
  [
    'oci:../b:kboot/etcd:v1.37.2',
    { path: '/work/b', tag: 'kboot/etcd:v1.37.2', name: 'oci:/work/b:kboot/etcd:v1.37.2' },
  ],
  ['oci-archive:a.tar:v1', { transport: 'oci-archive', path: '/work/here/a.tar', tag: 'v1' }],
  ['docker-archive:http:v1', { transport: 'docker-archive', path: '/work/here/http', tag: 'v1' }],
  [
    'docker-archive:/x.tar:web:2',
    { transport: 'docker-archive', tag: 'web:2', name: 'docker-archive:/x.tar:web:2' },
  ],
  [
    'docker://registry.example.com/team/web',
    {
      transport: 'docker',
      name: 'docker://registry.example.com/team/web:latest',
      repository: 'registry.example.com/team/web',
      tag: 'latest',
    },
  ],
  ['docker://localhost/web:1', { repository: 'localhost/web', tag: '1' }],
  ['docker://[::1]:5000/web', { repository: '[::1]:5000/web', name: 'docker://[::1]:5000/web:latest' }],
  [
    `docker://127.0.0.1:5000/web:1@sha256:${HEX}`,
    { name: `docker://127.0.0.1:5000/web:1@sha256:${HEX}`, tag: '1', digest: `sha256:${HEX}` },
  ],
])('%s', (text, expected) => {
  expect(parse(text)).toMatchObject(expected);
});

describe('what names no image is refused, with the forms that do', () => {
  test.each([
    ['', 'it is not spelled like one'],
    ['./folder', 'it is not spelled like one'],
    ['/absolute', 'it is not spelled like one'],
    ['Etcd', 'it is not spelled like one'],
    ['a b', 'it is not spelled like one'],
    ['--help', 'it is not spelled like one'],
    ['etcd:', 'it is not spelled like one'],
    ['etcd:-v', 'it is not spelled like one'],
    ['etcd@sha256:abc', 'it is not spelled like one'],
    [`etcd@sha512:${HEX}${HEX}`, 'it is not spelled like one'],
    ['a/../b', 'it is not spelled like one'],
    ['a\nb', 'it is not spelled like one'],
    ['oci:', 'it has no path'],
    ['oci::v1', 'it has no path'],
    ['oci:dir:', 'its tag is empty or has blanks'],
    ['oci:dir:a b', 'its tag is empty or has blanks'],
    ['oci:a\0b', 'it has control characters'],
    ['docker://', 'it is not spelled like one'],
    ['docker://registry.example.com', 'it is not spelled like one'],
    ['docker://registry.example.com/', 'it is not spelled like one'],
    ['docker://user:password@registry.example.com/web', 'it is not spelled like one'],
    ['docker://busybox/web', 'busybox is no registry: Docker Hub'],
    ['docker:web', 'kboot does not know this kind of source'],
    ['dir:/srv/x', 'kboot does not know this kind of source'],
    ['http://registry.example.com/web', 'kboot does not know this kind of source'],
    ['containers-storage:x', 'kboot does not know this kind of source'],
  ])('%j', (text, why) => {
    expect(() => parse(text)).toThrowError(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.stringContaining(`does not name an image: ${why}`),
        hint: expect.stringContaining('oci-archive:FILE[:TAG]'),
      }),
    );
  });
});

test('the name of a reference means the same reference again, wherever it is read', () => {
  const part = fc.stringMatching(/^[a-z0-9]([a-z0-9._-]{0,8}[a-z0-9])?$/);
  const suffix = fc.constantFrom('', ':v1', `@sha256:${HEX}`, `:v1@sha256:${HEX}`);
  const inFile = fc.tuple(
    fc.constantFrom('oci', 'oci-archive', 'docker-archive'),
    part,
    fc.constantFrom('', ':v1'),
  );
  const text = fc.oneof(
    fc.tuple(part, part, suffix).map(([a, b, end]) => `${a}/${b}${end}`),
    fc.tuple(part, part, suffix).map(([a, b, end]) => `docker://${a}.example.com/${b}${end}`),
    inFile.map(([kind, path, end]) => `${kind}:${path}${end}`),
  );
  fc.assert(
    fc.property(text, (written) => {
      let first: ReturnType<typeof parse>;
      try {
        first = parse(written);
      } catch {
        return;
      }
      expect(parseImageReference(first.name, '/elsewhere')).toEqual(first);
    }),
  );
});
