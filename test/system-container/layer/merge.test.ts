import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeLayers } from '../../../src/system-container/layer/merge.ts';
import { directory, file, link, type Member, makeLayer, scan } from '../make-image.ts';

const merge = async (...layers: Member[][]) =>
  mergeLayers(await Promise.all(layers.map(async (members) => scan(await makeLayer(members)))));

const paths = ({ entries }: Awaited<ReturnType<typeof merge>>) => [...entries.keys()].sort();

describe('what is removed before a layer goes on top', () => {
  const base = [directory('d/'), file('d/one', '1'), file('d/two', '2'), file('f', 'x'), link('l', 'd')];

  test.each<[string, Member[], string[], string[]]>([
    ['a deleted file', [file('d/.wh.one', '')], ['d/one'], ['d', 'd/two', 'f', 'l']],
    ['a deleted directory', [file('.wh.d', '')], ['d'], ['f', 'l']],
    [
      'a deleted and new directory',
      [file('.wh.d', ''), file('d/three', '')],
      ['d'],
      ['d', 'd/three', 'f', 'l'],
    ],
    ['what was never there', [file('.wh.x', '')], [], ['d', 'd/one', 'd/two', 'f', 'l']],
    [
      'everything in a directory',
      [file('d/.wh..wh..opq', ''), file('d/one', '')],
      ['d/one', 'd/two'],
      ['d', 'd/one', 'f', 'l'],
    ],
    ['everything', [file('.wh..wh..opq', '')], ['d', 'f', 'l'], []],
    ['a replaced file', [file('f', 'y')], ['f'], ['d', 'd/one', 'd/two', 'f', 'l']],
    ['a directory replaced by a file', [file('d', '')], ['d'], ['d', 'f', 'l']],
    [
      'a file replaced by a directory',
      [directory('f/'), file('f/x', '')],
      ['f'],
      ['d', 'd/one', 'd/two', 'f', 'f/x', 'l'],
    ],
    ['a link replaced by a directory', [directory('l/')], ['l'], ['d', 'd/one', 'd/two', 'f', 'l']],
    ['the same directory', [directory('d/')], [], ['d', 'd/one', 'd/two', 'f', 'l']],
  ])('%s', async (_title, layer, removed, left) => {
    const merged = await merge(base, layer);
    expect(merged.steps[0]?.remove).toEqual([]);
    expect([...(merged.steps[1]?.remove ?? [])].sort()).toEqual(removed);
    expect(paths(merged)).toEqual(left);
  });
});

test('a layer that writes through a link of a lower one is refused', async () => {
  await expect(merge([link('etc', '/etc')], [file('etc/passwd', 'x')])).rejects.toThrow(
    '"etc" is passed through, but a lower layer has a link there',
  );
  await expect(merge([file('etc', '')], [file('etc/passwd', 'x')])).rejects.toThrow(
    'a lower layer has a file there',
  );
});

test('a directory that a layer only passes through keeps its mode and owner', async () => {
  const { steps } = await merge(
    [{ ...directory('tmp/', 0o1777), uid: 7, gid: 8 }, directory('etc/')],
    [directory('etc/', 0o700), file('etc/a', ''), file('tmp/a', ''), file('new/a', '')],
    [file('new/b', '')],
  );
  expect(steps.map(({ keep }) => keep)).toEqual([
    [],
    [{ path: 'tmp', mode: 0o1777, owner: '7:8' }],
    [{ path: 'new', mode: 0o755, owner: '0:0' }],
  ]);
});

/** Small layers over few names, so that they meet. */
const member = fc
  .tuple(
    fc.constantFrom('a', 'b', 'a/c', 'a/b', 'a/b/c', 'b/a'),
    fc.constantFrom('file', 'directory', 'gone', 'link'),
  )
  .map(([name, kind]): Member => {
    if (kind === 'directory') return directory(`${name}/`);
    if (kind === 'link') return link(name, '/outside');
    if (kind === 'gone') return file(name.replace(/[^/]+$/, '.wh.$&'), '');
    return file(name, 'x');
  });

test('a merged tree never holds anything below a link or a file, and only what is there is removed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(member, { maxLength: 5 }), { maxLength: 4 }), async (layers) => {
      const merged = await merge(...layers).catch(() => undefined);
      if (!merged) return;
      for (const path of merged.entries.keys()) {
        const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
        if (parent !== '') expect(merged.entries.get(parent)?.type).toBe('directory');
      }
      const scans = await Promise.all(layers.map(async (members) => scan(await makeLayer(members))));
      for (const [at, { remove }] of merged.steps.entries()) {
        const below = mergeLayers(scans.slice(0, at)).entries;
        for (const path of remove) expect(below.has(path)).toBe(true);
      }
    }),
    { numRuns: 150 },
  );
});

test('a layer that deletes very many directories is merged in time by its length, not by its square', () => {
  const names = Array.from({ length: 200_000 }, (_, index) => `d${index}`);
  const layer = { version: 4, digest: '', whiteouts: [], opaque: [], leftOut: [] } as const;
  const rest = { guarded: false, unpackedSize: 0, fingerprint: '' };
  const entries = names.map((path) => ({ type: 'directory', path, mode: 0o755, owner: '0:0' }) as const);
  const merged = mergeLayers([
    { ...layer, ...rest, entries },
    { ...layer, ...rest, entries: [], whiteouts: names },
  ]);
  expect(merged.steps[1]?.remove).toHaveLength(names.length);
  expect(merged.entries.size).toBe(0);
}, 60_000);
