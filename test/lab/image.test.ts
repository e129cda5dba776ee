import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { imageTag, parsePackages } from '../../src/lab/image.ts';

test('a list of packages may have comments and empty lines', () => {
  expect(parsePackages('# a\nb\n\nc\n')).toEqual(['b', 'c']);
});

test('the machine image keeps what a machine needs, and nothing else', () => {
  const text = readFileSync(new URL('../../images/machine/packages', import.meta.url), 'utf8');
  expect(parsePackages(text)).toEqual([
    ...['base-files', 'base-passwd', 'coreutils', 'dash', 'findutils', 'grep', 'gzip', 'iproute2'],
    ...['libc-bin', 'libpam-modules', 'libpam-modules-bin', 'libpam-runtime', 'mawk', 'mount'],
    ...['ncurses-base', 'openssh-server', 'procps', 'sed', 'sudo', 'systemd', 'systemd-sysv'],
    ...['sysvinit-utils', 'tar', 'util-linux'],
  ]);
});

test("a virtual machine's lists of packages name each one once, in order", () => {
  for (const list of ['emulator-packages', 'guest-packages']) {
    const url = new URL(`../../images/virtual-machine/${list}`, import.meta.url);
    const packages = parsePackages(readFileSync(url, 'utf8'));
    expect(packages).toEqual([...new Set(packages)].sort());
  }
});

describe('the tag of the image', () => {
  const files = fc
    .uniqueArray(fc.tuple(fc.string({ minLength: 1 }), fc.uint8Array()), { selector: ([path]) => path })
    .map((entries) => new Map(entries));

  test('does not depend on the order in which files were read', () => {
    fc.assert(
      fc.property(files, (map) => {
        expect(imageTag(new Map([...map].reverse()), ['x'])).toBe(imageTag(map, ['x']));
      }),
    );
  });

  test('changes with a name, a byte, and an input', () => {
    const base = new Map([['packages', Buffer.from('sed\n')]]);
    const tags = [
      imageTag(base, ['bookworm']),
      imageTag(new Map([['package', Buffer.from('ssed\n')]]), ['bookworm']),
      imageTag(new Map([['packages', Buffer.from('sad\n')]]), ['bookworm']),
      imageTag(base, ['bookworm', 'fish']),
      imageTag(base, ['bookwormfish']),
    ];
    expect(new Set(tags).size).toBe(tags.length);
    for (const tag of tags) expect(tag).toMatch(/^[0-9a-f]{16}$/);
  });
});
