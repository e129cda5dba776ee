import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGzip, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { mergeLayers } from '../../src/system-container/layer/merge.ts';
import { scanLayer } from '../../src/system-container/layer/scan.ts';
import { directory, file, hardLink, layerFrom, link, type Member, makeLayer, scan } from './make-image.ts';
import { END, EVIL, member, pax, raw } from './raw-tar.ts';
import { useUnpacker } from './unpacker.ts';

const unpackAll = useUnpacker();

describe('compression', () => {
  const gz = gzipSync(Buffer.concat([member(EVIL), END]));

  test('a compressed archive that ends in several parts is one archive', async () => {
    const parts = [gzipSync(member(EVIL)), gzipSync(member({ name: 'b' })), gzipSync(END)];
    const { entries } = await scan(layerFrom(Buffer.concat(parts)));
    expect(entries.map((entry) => entry.path)).toEqual(['evil', 'b']);
  });

  test.each<[string, Buffer]>([
    ['zeros', Buffer.alloc(16)],
    ['text', Buffer.from('something else')],
    ['zeros, then another archive', Buffer.concat([Buffer.alloc(16), gz])],
    ['a plain archive', member({ name: 'b' })],
    ['half a header', Buffer.from([0x1f, 0x8b])],
  ])('%s behind the end is refused', async (_what, behind) => {
    await expect(scan(layerFrom(Buffer.concat([gz, behind])))).rejects.toThrow(/layer sha256:/);
  });

  /** A gzip file in whose header stands a whole plain archive: tar that guesses would unpack that one. */
  function polyglot(): Buffer {
    const hidden = Buffer.concat([member({ name: 'hidden', content: 'x' }), END]);
    const extra = hidden.subarray(12);
    const start = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, extra.length & 255, extra.length >> 8]);
    const whole = Buffer.concat([start, extra, gz.subarray(10)]);
    whole.fill(' ', 148, 156);
    const sum = whole.subarray(0, 512).reduce((all, byte) => all + byte, 0);
    whole.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return whole;
  }

  test('an archive in the header of another one is not the layer', async () => {
    const { entries } = await scan(layerFrom(polyglot()));
    expect(entries.map((entry) => entry.path)).toEqual(['evil']);
    const store = await unpackAll([layerFrom(polyglot())]);
    expect(await readdir(store(layerFrom(polyglot())))).toEqual(['evil']);
  });
});

describe('what would use up the machine', () => {
  test('a bomb is read in a stream', async () => {
    const size = 256 * 1024 ** 2;
    const before = process.memoryUsage.rss();
    let most = before;
    const hash = createHash('sha256');
    const blob = createGzip({ level: 1 });
    const pieces: Buffer[] = [];
    blob.on('data', (piece: Buffer) => pieces.push(piece));
    Readable.from(zeros(size)).pipe(blob);
    await new Promise((resolve) => blob.on('end', resolve));
    for (const piece of pieces) hash.update(piece);
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss());
    }, 20);
    const found = await scanLayer(Readable.from(pieces), `sha256:${hash.digest('hex')}`);
    clearInterval(watch);
    expect(found.entries).toHaveLength(1);
    expect(most - before).toBeLessThan(size / 2);
  }, 120_000);

  function* zeros(size: number) {
    yield member({ name: 'exports/bomb', size: size.toString(8).padStart(11, '0') });
    const piece = Buffer.alloc(1024 ** 2);
    for (let at = 0; at < size; at += piece.length) yield piece;
    yield END;
  }

  test('more content than any disk has', async () => {
    const huge = Buffer.alloc(12);
    huge[0] = 0x80;
    huge.writeUInt32BE(1, 4);
    huge.writeUInt32BE(0, 8);
    await expect(scan(raw({ name: 'a', size: 2 ** 30 }))).rejects.toThrow('Unexpected end of data');
    huge[6] = 1;
    await expect(scan(raw({ name: 'a', size: huge }))).rejects.toThrow('is larger than any real one');
  });

  test('texts that are kept do not add up without an end', async () => {
    const many = Array.from({ length: 70 }, (_, at) => file(`exports/hostfs/t${at}`, 'x'.repeat(256 * 1024)));
    const { entries } = await scan(await makeLayer(many));
    const kept = entries.filter((entry) => entry.type === 'file' && entry.text !== undefined);
    expect(kept).toHaveLength(64);
  });

  test('paths that are remembered do not add up without an end', async () => {
    const deep = 'x/'.repeat(197);
    const parts = function* () {
      for (let at = 0; ; at++) yield Buffer.concat([pax({ path: `${at}/${deep}x` }), member(EVIL)]);
    };
    await expect(scanLayer(Readable.from(parts()), 'sha256:x')).rejects.toThrow('is one path too many');
  }, 120_000);

  test('many deletions of many files', async () => {
    const names = Array.from({ length: 20_000 }, (_, at) => `d/f${at}`);
    const layers = await Promise.all([
      makeLayer(names.map((name) => file(name, ''))),
      makeLayer(names.map((name) => file(name.replace('d/', 'd/.wh.'), ''))),
    ]);
    const { steps } = mergeLayers(await Promise.all(layers.map(scan)));
    expect(steps[1]?.remove).toHaveLength(names.length);
  }, 120_000);
});

describe('links', () => {
  test.each<[string, readonly Member[], string]>([
    [
      'through a hard link to a link',
      [link('a', '/etc'), hardLink('b', 'a'), file('b/x', '')],
      'passes through "b"',
    ],
    [
      'a hard link in place of a directory',
      [directory('d/'), link('a', '/'), hardLink('d', 'a')],
      'is there twice',
    ],
    ['a link in place of a file', [file('a', ''), link('a', '/etc/passwd')], 'is there twice'],
    ['a file in place of a link', [link('a', '/etc/passwd'), file('a', '')], 'is there twice'],
    [
      'a hard link in place of a link',
      [file('x', ''), link('a', '/etc'), hardLink('a', 'x')],
      'is there twice',
    ],
    ['a deletion mark below a link', [link('a', '/etc'), file('a/.wh.passwd', '')], 'passes through "a"'],
    [
      'a hard link to a deletion mark',
      [file('.wh.x', ''), hardLink('a', '.wh.x')],
      'is a hard link to something',
    ],
    ['a hard link to the root', [hardLink('a', '.')], 'is a hard link to something'],
    ['a link at the root', [link('.', '/etc')], 'takes the place of a directory'],
    ['a link with a tab in its name', [link('a\tb', 'c')], 'is a link with a tab in its name'],
  ])('%s', async (_title, members, message) => {
    await expect(scan(await makeLayer(members))).rejects.toThrow(message);
  });

  test.each<[string, ReadonlyArray<readonly Member[]>, string]>([
    [
      'a file through a link of a lower layer',
      [[link('a', '/etc')], [file('a/x', '')]],
      'a lower layer has a link',
    ],
    [
      'a directory, then a link in its place, then a file through it',
      [[file('d/x', '')], [link('d', '/etc')], [file('d/passwd', '')]],
      'a lower layer has a link',
    ],
    [
      'through a hard link of a lower layer',
      [[link('a', '/'), hardLink('b', 'a')], [file('b/x', '')]],
      'has a link',
    ],
    [
      'an empty directory through a link',
      [[link('a', '/etc')], [directory('a/x/')]],
      'a lower layer has a link',
    ],
    ['a link through a link', [[link('a', '/etc')], [link('a/x', 'y')]], 'a lower layer has a link'],
    ['a file through a file', [[file('a', '')], [file('a/x', '')]], 'a lower layer has a file'],
    [
      'deeper down',
      [[link('usr/lib/a', '../../..')], [file('usr/lib/a/etc/x', '')]],
      'a lower layer has a link',
    ],
  ])('%s', async (_title, layers, message) => {
    const scans = await Promise.all(layers.map(async (members) => scan(await makeLayer(members))));
    expect(() => mergeLayers(scans)).toThrow(message);
  });

  test('what is deleted is only what lower layers have, never through a link', async () => {
    const layers = [
      [link('a', '/etc'), file('b/c', ''), directory('e/')],
      [file('a/.wh.passwd', ''), file('.wh.nothing', ''), file('a/.wh..wh..opq', ''), file('.wh.b', '')],
    ];
    const scans = await Promise.all(layers.map(async (members) => scan(await makeLayer(members))));
    expect(mergeLayers(scans).steps[1]?.remove).toEqual(['b']);
  });

  test('a directory takes the place of a link when the layer says so itself', async () => {
    const scans = await Promise.all(
      [[link('a', '/etc')], [directory('a/'), file('a/passwd', '')]].map(async (members) =>
        scan(await makeLayer(members)),
      ),
    );
    const { steps, entries } = mergeLayers(scans);
    expect(steps[1]?.remove).toEqual(['a']);
    expect(entries.get('a')?.type).toBe('directory');
  });
});

describe('devices', () => {
  test.each<[string, readonly Member[], string]>([
    ['a blank at the end', [{ name: 'dev/x ', type: 'block-device' }], 'is a device with an odd name'],
    ['a slash at the end', [{ name: 'dev/x/', type: 'fifo' }], 'is a device with an odd name'],
    ['a backslash', [{ name: 'dev/\\x', type: 'character-device' }], 'is a device with an odd name'],
    [
      'under two names',
      [
        { name: 'x', type: 'fifo' },
        { name: './x', type: 'fifo' },
      ],
      'is there twice',
    ],
    ['in place of a file', [file('x', ''), { name: 'x', type: 'block-device' }], 'is there twice'],
    ['a file in its place', [{ name: 'x', type: 'block-device' }, file('x', '')], 'is there twice'],
    ['in place of a directory', [file('x/y', ''), { name: 'x', type: 'block-device' }], 'is there twice'],
    ['a file below it', [{ name: 'x', type: 'block-device' }, file('x/y', '')], 'which is a device'],
    [
      'a hard link to it',
      [{ name: 'x', type: 'block-device' }, hardLink('y', 'x')],
      'is a hard link to something',
    ],
  ])('%s', async (_title, members, message) => {
    await expect(scan(await makeLayer(members))).rejects.toThrow(message);
  });
});
