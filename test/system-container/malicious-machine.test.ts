import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layerFrom, layerOf, scan, type TestLayer } from './make-image.ts';
import { END, gnuLong, member, pax } from './raw-tar.ts';
import { useUnpacker } from './unpacker.ts';

const unpackAll = useUnpacker();

describe('a machine and kboot see the same', () => {
  const name = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        'a',
        'b',
        'c',
        'a/b',
        'd/e',
        'd/f',
        './g',
        'd//h',
        'exports/x',
        'exports/y',
        'é',
        'a b ',
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('a/', 'b/a/', 'exports/', '.wh.a', 'a/.wh.b', 'a/.wh..wh..opq', '-x'),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('a/b/c', '../a', '/a', 'a/../b', '', '.', 'x'.repeat(100), 'a\nb', 'a\\b'),
    },
  );
  const content = fc.constantFrom('', 'x', 'y'.repeat(512), 'z'.repeat(700));
  const part = fc.oneof(
    {
      weight: 12,
      arbitrary: fc
        .record({
          ...{ name, content, linkname: name },
          type: fc.constantFrom(...'000000\x005551223677'.split(''), 'S'),
          mode: fc.constantFrom(0o644, 0o755, 0o4755, 0o1777),
          magic: fc.constantFrom('ustar\x0000', 'ustar  \0'),
          prefix: fc.constantFrom('', '', '', '', '', '', 'a', 'b/c', '..'),
        })
        .map((made) => member('07\0'.includes(made.type) ? made : { ...made, content: '' })),
    },
    { weight: 1, arbitrary: name.map((long) => gnuLong('L', long)) },
    { weight: 1, arbitrary: name.map((long) => gnuLong('K', long)) },
    { weight: 1, arbitrary: name.map((long) => pax({ path: long })) },
    { weight: 1, arbitrary: name.map((long) => pax({ linkpath: long, mtime: '1' })) },
    { weight: 1, arbitrary: name.map((long) => pax({ path: long }, 'g')) },
    { weight: 1, arbitrary: fc.constantFrom(END, END.subarray(512), pax({ comment: 'x' }, 'g')) },
  );
  const layer = fc.tuple(fc.array(part, { maxLength: 6 }), fc.boolean()).map(([parts, gzipped]) => {
    const tar = Buffer.concat([...parts, END]);
    return gzipped ? layerOf(tar) : layerFrom(tar);
  });

  test('whatever an archive is made of: it is refused, or unpacked to what was checked', async () => {
    const tried = fc.sample(layer, { numRuns: 2000, seed: 42 });
    const accepted = new Map<string, TestLayer>();
    for (const each of tried) {
      const harmless = await scan(each).then(
        () => true,
        (error: { code?: string }) => {
          expect(['IMAGE_INVALID', 'BUNDLE_INVALID']).toContain(error.code);
          return false;
        },
      );
      if (harmless) accepted.set(each.digest, each);
    }
    expect(accepted.size).toBeGreaterThan(200);
    expect(accepted.size).toBeLessThan(tried.length);

    const layers = [...accepted.values()];
    const store = await unpackAll(layers);
    for (const each of layers) {
      for (const entry of (await scan(each)).entries) {
        if (entry.type === 'link') continue;
        const place = path.join(store(each), entry.path);
        const found = await lstat(place);
        expect([entry.path, found.isDirectory(), found.mode & 0o7777]).toEqual([
          entry.path,
          entry.type === 'directory',
          entry.mode,
        ]);
        if (entry.type === 'file' && entry.sha256 !== undefined) {
          const hash = createHash('sha256').update(await readFile(place));
          expect(hash.digest('hex')).toBe(entry.sha256);
        }
      }
    }
  }, 300_000);
});
