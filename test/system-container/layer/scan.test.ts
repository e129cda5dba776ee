import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSystemImage } from '../../../src/system-container/image/image.ts';
import { layerPath } from '../../../src/system-container/layer/entry.ts';
import { cachedLayerScan, scanLayer } from '../../../src/system-container/layer/scan.ts';
import { expectRightOrClear } from '../../helpers/hostile.ts';
import {
  directory,
  file,
  hardLink,
  layerFrom,
  layerOf,
  link,
  type Member,
  makeLayer,
  scan,
} from '../make-image.ts';

const scanOf = async (...members: Member[]) => scan(await makeLayer(members));

describe('an entry that could leave its place is refused', () => {
  test.each<[string, readonly Member[], string]>([
    ['a parent in the name', [file('../etc/passwd', 'x')], 'does not stay inside the image'],
    ['a parent in the middle', [file('a/../../etc/passwd', 'x')], 'does not stay inside the image'],
    ['an absolute name', [file('/etc/passwd', 'x')], 'does not stay inside the image'],
    [
      'a link, then a file through it',
      [link('a', '/etc'), file('a/passwd', 'x')],
      'passes through "a", which is a link',
    ],
    [
      'a relative link, then a file',
      [link('a', '../..'), file('a/x', 'x')],
      'passes through "a", which is a link',
    ],
    [
      'a link deeper down',
      [directory('d/'), link('d/a', '/'), file('d/a/etc/x', 'x')],
      'passes through "d/a"',
    ],
    ['a link in place of a directory', [directory('a/'), link('a', '/etc')], 'is there twice'],
    ['a link in place of an implied directory', [file('a/b', 'x'), link('a', '/etc')], 'is there twice'],
    ['a directory in place of a link', [link('a', '/etc'), directory('a/')], 'is there twice'],
    ['two links', [link('a', '/etc'), link('a', '/usr')], 'is there twice'],
    ['a file through a file', [file('a', 'x'), file('a/b', 'x')], 'passes through "a", which is a file'],
    ['a hard link to the outside', [hardLink('a', '/etc/shadow')], 'is a hard link to something'],
    ['a hard link upwards', [hardLink('a', '../../etc/shadow')], 'is a hard link to something'],
    ['a hard link to a lower layer', [hardLink('a', 'bin/sh')], 'is a hard link to something'],
    ['a hard link to a directory', [directory('d/'), hardLink('a', 'd')], 'is a hard link to something'],
    [
      'a hard link through a link',
      [link('a', '/etc'), hardLink('b', 'a/shadow')],
      'is a hard link to something',
    ],
    ['a file as the root', [file('.', 'x')], 'takes the place of a directory'],
    ['a file that ends in a slash', [file('a/', 'x')], 'is a file and a directory'],
    ['a deletion of the parent', [file('a/.wh...', '')], 'deletes nothing that can be named'],
    ['a deletion of nothing', [file('.wh.', '')], 'deletes nothing that can be named'],
    ['something below a deletion', [file('.wh.a/b', 'x')], 'is below a deletion mark'],
    ['a name that is not UTF-8', [{ ...file('a', 'x'), name: 'a\uFFFD' }], 'does not stay inside the image'],
    [
      'a device with a line break',
      [{ name: 'dev/a\nb', type: 'block-device' }],
      'is a device with an odd name',
    ],
    [
      'a sparse file of another name',
      [{ ...file('a', 'x'), pax: { 'GNU.sparse.major': '1', 'GNU.sparse.name': '/etc/x' } } as Member],
      'has the unusual attribute GNU.sparse.major',
    ],
  ])('%s', async (_title, members, message) => {
    await expect(scanOf(...members)).rejects.toThrow(message);
  });

  test('a directory that hides members in its content', async () => {
    const [hider, hidden] = await Promise.all([tarOf(directory('a/')), tarOf(file('b', 'x'))]);
    hider.write(hidden.length.toString(8).padStart(11, '0'), 124);
    const sum = () =>
      hider.subarray(0, 512).reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 32 : byte), 0);
    hider.write(`${sum().toString(8).padStart(6, '0')}\0 `, 148);
    const tar = Buffer.concat([hider.subarray(0, 512), hidden]);
    await expect(scan(layerOf(tar))).rejects.toThrow('has content without being a file');
  });

  test('an unknown type', async () => {
    const tar = await tarOf(file('a', ''));
    tar.write('D', 156);
    const sum = tar.subarray(0, 512).reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 32 : byte), 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    await expect(scan(layerOf(tar))).rejects.toThrow('is of a type that no layer has');
  });
});

async function tarOf(member: Member): Promise<Buffer> {
  const { gunzipSync } = await import('node:zlib');
  return gunzipSync((await makeLayer([member])).blob);
}

describe('what a scan knows', () => {
  test('entries, deletions, devices', async () => {
    const found = await scanOf(
      directory('./'),
      directory('./etc/', 0o700),
      file('./etc/passwd', 'root', 0o4755),
      hardLink('etc/copy', './etc/passwd'),
      link('lib', 'usr/lib'),
      file('usr/.wh.old', ''),
      file('var/cache/.wh..wh..opq', ''),
      file('.wh..wh..plnk', ''),
      { name: 'dev/null', type: 'character-device' },
      { name: 'run/pipe', type: 'fifo' },
      file('etc/passwd', 'again'),
    );
    expect(found).toMatchObject({
      entries: [
        { type: 'directory', path: 'etc', mode: 0o700, owner: '0:0' },
        { type: 'file', path: 'etc/passwd', mode: 0o644 },
        { type: 'file', path: 'etc/copy', mode: 0o4755 },
        { type: 'link', path: 'lib', target: 'usr/lib' },
      ],
      whiteouts: ['usr/old'],
      opaque: ['var/cache'],
      leftOut: ['dev/null', 'run/pipe'],
    });
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  test('a layer that is not compressed is read the same way', async () => {
    const tar = await tarOf(file('exports/manifest.json', '{}'));
    const plain = await scan(layerFrom(tar));
    expect({ ...plain, digest: '' }).toEqual({ ...(await scan(layerOf(tar))), digest: '' });
    // Whatever the pieces that it comes in.
    const bytes = Readable.from(Array.from(tar, (byte) => Buffer.from([byte])));
    expect(await scanLayer(bytes, layerFrom(tar).digest)).toEqual(plain);
  });

  test.each<[string, readonly Member[], boolean]>([
    ['files and folders of root', [directory('a/'), file('a/b', 'x', 0o755), link('c', 'a/b')], false],
    ['a group of its own that may read', [{ ...file('shadow', 'x', 0o640), gid: 42 }], false],
    ['a folder that passes on its group', [directory('a/', 0o2755)], false],
    ['a link of any owner', [{ ...link('a', 'b'), uid: 1000 }], false],
    ['a program with the rights of its owner', [file('su', 'x', 0o4755)], true],
    ['a program with the rights of its group', [{ ...file('wall', 'x', 0o2755), gid: 5 }], true],
    [
      'a program with capabilities',
      [{ ...file('ping', 'x', 0o755), pax: { 'SCHILY.xattr.security.capability': 'x' } }],
      true,
    ],
    ['a file of a user', [{ ...file('a', 'x'), uid: 1000 }], true],
    ['a folder of a user', [{ ...directory('a/'), uid: 1000 }], true],
    ['a file for a group to write', [{ ...file('a', 'x', 0o664), gid: 100 }], true],
    ['a file for all to write', [file('a', 'x', 0o666)], true],
    ['a folder for all to write', [directory('tmp/', 0o1777)], true],
  ])('%s: whether users of the machine must be kept from it', async (_what, members, guarded) => {
    expect((await scanOf(...members)).guarded).toBe(guarded);
  });

  test('texts and hashes below /exports only', async () => {
    const { entries } = await scanOf(
      file('exports/manifest.json', '{}'),
      file('exports/hostfs/bin/tool', Buffer.from([0, 1, 2])),
      file('exports/hostfs/big', 'x'.repeat(256 * 1024 + 1)),
      file('etc/passwd', 'root'),
    );
    expect(
      entries.map((entry) => (entry.type === 'file' ? [entry.text, entry.sha256?.slice(0, 8)] : [])),
    ).toEqual([
      ['{}', '44136fa3'],
      [undefined, 'ae4b3280'],
      [undefined, expect.any(String)],
      [undefined, undefined],
    ]);
  });
});

describe('bytes that are no such layer', () => {
  const { blob, digest } = layerOf(Buffer.alloc(1024));
  test.each<[string, Buffer, string]>([
    ['text', Buffer.from('not tar at all'), 'not a tar archive'],
    ['zstd', Buffer.from('28b52ffd0458', 'hex'), 'it is compressed by zstd, not by gzip'],
    ['nothing', Buffer.alloc(0), 'its content has another digest'],
    ['cut off', gzipSync(Buffer.alloc(1024)).subarray(0, 15), 'not a tar archive'],
    ['no tar', gzipSync(Buffer.from('text '.repeat(500))), 'not a tar archive'],
    ['another layer', gzipSync(Buffer.alloc(2048)), 'its content has another digest'],
  ])('%s', async (_title, bytes, message) => {
    await expect(scanLayer(Readable.from([bytes]), digest)).rejects.toThrow(message);
  });

  test('a flipped byte in a big layer', async () => {
    const layer = await makeLayer([file('a', 'content '.repeat(10_000))]);
    const flipped = Buffer.from(layer.blob);
    flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 1;
    await expect(scanLayer(Readable.from([flipped]), layer.digest)).rejects.toThrow(layer.digest);
  });

  test('the right bytes pass', async () => {
    expect((await scanLayer(Readable.from([blob]), digest)).entries).toEqual([]);
  });
});

describe('paths', () => {
  test.each([
    ['a/b', 'a/b'],
    ['./a//b/', 'a/b'],
    ['.', ''],
    ['./', ''],
    ['a/./b', 'a/b'],
    ['..a/b..', '..a/b..'],
    ['/a', undefined],
    ['a/..', undefined],
    ['..', undefined],
    ['a\0b', undefined],
  ])('%j stands for %j', (name, expected) => {
    expect(layerPath(name)).toBe(expected);
  });

  test('whatever is accepted stays below the folder it is put into', () => {
    const part = fc.oneof(fc.constantFrom('..', '.', '', '/', 'a', '.wh.x'), fc.string());
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const found = layerPath(parts.join('/'));
        if (found === undefined) return;
        const place = path.posix.normalize(`/folder/${found}`);
        expect(place === '/folder/' || place.startsWith('/folder/')).toBe(true);
        expect(layerPath(found)).toBe(found);
      }),
    );
  });
});

test('what a layer takes on a disk: whole blocks of files, and directories', async () => {
  const members = [directory('a/'), file('a/one', 'x'), file('b/many', 'x'.repeat(5000)), file('empty', '')];
  // Two directories, one of which only a path tells of; one block and two.
  expect((await scanOf(...members, hardLink('c', 'a/one'), link('l', 'c'))).unpackedSize).toBe(5 * 4096);
});

describe('the cache', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'kboot-scan-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('gives the scan without reading the layer again, unless it is damaged', async () => {
    const layer = await makeLayer([file('a', 'x')]);
    let opened = 0;
    const open = () => {
      opened++;
      return Readable.from([layer.blob]);
    };
    const cache = path.join(folder, 'deep');
    const both = await Promise.all([1, 2].map(() => cachedLayerScan(layer.digest, open, cache)));
    expect(await cachedLayerScan(layer.digest, open, cache)).toEqual(both[0]);
    expect(opened).toBe(1);
    const [name = ''] = await readdir(cache);
    await writeFile(path.join(cache, name), '{"digest":');
    expect(await cachedLayerScan(layer.digest, open, cache)).toEqual(both[0]);
    expect(opened).toBe(2);
  });
});

test('a scan in the cache is taken where it is one, and made again where it is anything else', async () => {
  const layer = await makeLayer([directory('exports/'), file('exports/manifest.json', '{}'), link('a', 'b')]);
  const cache = await mkdtemp(path.join(tmpdir(), 'kboot-scans-'));
  const get = () => cachedLayerScan(layer.digest, () => Readable.from([layer.blob]), cache);
  try {
    const scanned = await get();
    const [name = ''] = await readdir(cache);
    await expectRightOrClear([JSON.stringify(scanned)], async (text) => {
      await writeFile(path.join(cache, name), text);
      const labels = {};
      readSystemImage({ name: 'i', id: 'a', labels, layers: [await get()] });
    });
    await writeFile(path.join(cache, name), JSON.stringify({ ...scanned, entries: [{ type: 'file' }] }));
    expect(await get()).toEqual(scanned);
  } finally {
    await rm(cache, { recursive: true });
  }
});
