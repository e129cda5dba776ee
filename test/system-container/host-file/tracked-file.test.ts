import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HostFile } from '../../../src/system-container/host-file/host-files.ts';
import {
  removalList,
  switchLines,
  type TrackedFile,
  trackFiles,
} from '../../../src/system-container/host-file/tracked-file.ts';

const directory = (path: string): TrackedFile => ({
  path,
  kind: 'directory',
  mode: 0o755,
  source: '',
  checksum: '0',
});
const copy = (path: string, checksum = 'aa'): TrackedFile => ({
  ...{ path, checksum },
  ...{ kind: 'copy', mode: 0o644, source: `rootfs/exports/hostfs${path}` },
});
const link = (path: string, source: string): TrackedFile => ({
  path,
  kind: 'link',
  mode: 0o777,
  source,
  checksum: 'll',
});
const linesOf = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t'));

test('what is recorded of host files is enough to put them there again', () => {
  const files: readonly HostFile[] = [
    { kind: 'directory', path: '/opt', mode: 0o750, checksum: '0' },
    { kind: 'copy', path: '/opt/a', mode: 0o755, source: 'exports/hostfs/opt/a', checksum: 'aa' },
    { kind: 'text', path: '/opt/b', mode: 0o600, text: 'expanded', checksum: 'bb' },
    { kind: 'link', path: '/opt/c', target: 'a', checksum: 'cc' },
  ];
  const { tracked, texts } = trackFiles(files);
  expect(tracked).toEqual([
    { path: '/opt', kind: 'directory', mode: 0o750, source: '', checksum: '0' },
    { path: '/opt/a', kind: 'copy', mode: 0o755, source: 'rootfs/exports/hostfs/opt/a', checksum: 'aa' },
    { path: '/opt/b', kind: 'copy', mode: 0o600, source: 'expanded/2', checksum: 'bb' },
    { path: '/opt/c', kind: 'link', mode: 0o777, source: 'a', checksum: 'cc' },
  ]);
  expect([...texts]).toEqual([['expanded/2', 'expanded']]);
});

describe('a switch', () => {
  test('puts everything where nothing was', () => {
    const files = [directory('/opt/x'), copy('/opt/x/a'), link('/opt/x/l', 'a')];
    expect(linesOf(switchLines([], files, '/c.0'))).toEqual([
      ['directory', '755', '-', '-', '0', '/opt/x'],
      ['copy', '644', '/c.0/rootfs/exports/hostfs/opt/x/a', '-', 'aa', '/opt/x/a'],
      ['link', '777', 'a', '-', 'll', '/opt/x/l'],
    ]);
  });

  test('replaces only what is as the other deployment left it, and removes the rest, children first', () => {
    const from = [
      directory('/opt/x'),
      directory('/opt/x/y'),
      copy('/opt/x/y/gone'),
      copy('/opt/same', 'old'),
    ];
    expect(linesOf(switchLines(from, [copy('/opt/same', 'new')], '/c.1'))).toEqual([
      ['remove', '-', '-', '-', 'aa', '/opt/x/y/gone'],
      ['remove', '-', '-', '-', '0', '/opt/x/y'],
      ['remove', '-', '-', '-', '0', '/opt/x'],
      ['copy', '644', '/c.1/rootfs/exports/hostfs/opt/same', 'old', 'new', '/opt/same'],
    ]);
  });

  test('what an administrator changed is neither put nor removed', () => {
    const kept: TrackedFile = { ...copy('/opt/mine', 'old'), kind: 'kept' };
    expect(switchLines([copy('/opt/mine', 'old')], [kept], '/c.1')).toBe('');
    expect(linesOf(switchLines([kept], [], '/c.1'))).toEqual([['remove', '-', '-', '-', 'old', '/opt/mine']]);
  });

  const file = fc.record({
    path: fc.constantFrom('/a', '/b', '/c', '/d', '/e').map((path) => `/opt${path}`),
    checksum: fc.constantFrom('aa', 'bb', 'cc'),
  });
  const files = fc.uniqueArray(file, { selector: ({ path }) => path });

  test('there and back again leaves every place as it was', () => {
    fc.assert(
      fc.property(files, files, (from, to) => {
        const before = from.map(({ path, checksum }) => copy(path, checksum));
        const after = to.map(({ path, checksum }) => copy(path, checksum));
        const host = new Map(before.map(({ path, checksum }) => [path, checksum]));
        const carryOut = (lines: string) => {
          for (const [kind, , , allowed, checksum = '', path = ''] of linesOf(lines)) {
            const now = host.get(path) ?? '-';
            if (kind === 'remove' && now === checksum) host.delete(path);
            if (kind !== 'remove' && (now === '-' || now === allowed)) host.set(path, checksum);
          }
        };
        carryOut(switchLines(before, after, '/c.1'));
        expect([...host].sort()).toEqual(after.map(({ path, checksum }) => [path, checksum]).sort());
        carryOut(switchLines(after, before, '/c.0'));
        expect([...host].sort()).toEqual(before.map(({ path, checksum }) => [path, checksum]).sort());
      }),
    );
  });
});

test('a removal goes from the last to the first', () => {
  expect(removalList([directory('/opt'), copy('/opt/a')])).toBe('aa\t/opt/a\n0\t/opt\n');
});
