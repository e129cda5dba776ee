import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { createGzip, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Host } from '../../src/host/host.ts';
import { openLocalHost } from '../../src/host/local.ts';
import { expandRenames, hostFiles } from '../../src/system-container/host-files.ts';
import { mergeLayers } from '../../src/system-container/layer-merge.ts';
import { scanLayer } from '../../src/system-container/layer-scan.ts';
import { layerName, unpackLayers } from '../../src/system-container/layer-store.ts';
import {
  directory,
  file,
  hardLink,
  layerFrom,
  layerOf,
  link,
  type Member,
  makeImage,
  makeLayer,
  scan,
  type TestLayer,
} from './make-image.ts';
import { END, gnuLong, member, pax, type RawMember, record } from './raw-tar.ts';

const archive = (...parts: readonly Buffer[]): TestLayer => layerOf(Buffer.concat([...parts, END]));
const raw = (...members: readonly RawMember[]): TestLayer => archive(...members.map(member));

/** A file that an attacker wants somewhere else. */
const EVIL: RawMember = { name: 'evil', content: 'x' };

describe('what programs read in different ways is refused', () => {
  test.each<[string, () => TestLayer, string]>([
    // Names.
    ['a name without a file', () => raw({ name: '', content: 'x' }), 'has no name'],
    ['a prefix that leads out', () => raw({ name: 'x', prefix: '..' }), 'does not stay inside the image'],
    ['an absolute prefix', () => raw({ name: 'x', prefix: '/etc' }), 'does not stay inside the image'],
    ['an absolute long name', () => archive(gnuLong('L', '/etc/x'), member(EVIL)), 'does not stay inside'],
    [
      'a long name that leads out',
      () => archive(gnuLong('L', 'a/../../x'), member(EVIL)),
      'does not stay inside',
    ],
    [
      'a path attribute that leads out',
      () => archive(pax({ path: '../x' }), member(EVIL)),
      'does not stay inside',
    ],
    ['an absolute path attribute', () => archive(pax({ path: '/x' }), member(EVIL)), 'does not stay inside'],
    ['an empty long name', () => archive(gnuLong('L', ''), member(EVIL)), 'has an empty name'],
    ['an empty path attribute', () => archive(pax({ path: '' }), member(EVIL)), 'unusual attribute path'],
    [
      'a path attribute that ends early',
      () => archive(pax({ path: 'a\0b' }), member(EVIL)),
      'unusual attribute path',
    ],
    [
      'two long names',
      () => archive(gnuLong('L', 'one'), gnuLong('L', 'two'), member(EVIL)),
      'has attributes twice',
    ],
    [
      'a long name and a path attribute',
      () => archive(gnuLong('L', 'one'), pax({ path: 'two' }), member(EVIL)),
      'has two long names',
    ],
    [
      'attributes twice',
      () => archive(pax({ path: 'one' }), pax({ path: 'two' }), member(EVIL)),
      'attributes twice',
    ],
    ['attributes of nothing', () => archive(pax({ path: 'one' })), 'has attributes without a member'],
    [
      'a name that is too long for a file',
      () => archive(pax({ path: 'x'.repeat(256) }), member(EVIL)),
      'does not stay',
    ],
    [
      'a path that is too long',
      () => archive(pax({ path: `${'y'.repeat(200)}/`.repeat(21).slice(0, -1) }), member(EVIL)),
      'does not stay',
    ],
    [
      'a path that is too deep',
      () => archive(pax({ path: `${'d/'.repeat(201)}x` }), member(EVIL)),
      'does not stay',
    ],
    [
      'a directory by its short name only',
      () => archive(pax({ path: 'x' }), member({ name: 'x/' })),
      'a file and a dir',
    ],
    [
      'a directory by its long name only',
      () => archive(pax({ path: 'x/' }), member({ name: 'x' })),
      'a file and a dir',
    ],
    ['an old directory', () => raw({ name: 'x/' }), 'is a file and a directory'],
    ['a directory with content', () => raw({ name: 'x/', content: 'y' }), 'is a file and a directory'],
    ['a contiguous file with a slash', () => raw({ name: 'x/', type: '7' }), 'is a file and a directory'],
    [
      'a file as the current directory',
      () => raw({ name: 'a/.', content: 'x' }),
      'takes the place of a directory',
    ],
    ['a name that is not UTF-8', () => raw({ name: Buffer.from([0x61, 0xff]) }), 'does not stay inside'],

    // Attributes.
    [
      'a target attribute that is empty',
      () => archive(pax({ linkpath: '' }), member({ type: '2' })),
      'unusual attribute',
    ],
    [
      'two long targets',
      () => archive(gnuLong('K', 'one'), pax({ linkpath: 'two' }), member({ type: '2', linkname: 'x' })),
      'has two long targets',
    ],
    [
      'a size attribute that is none',
      () => archive(pax({ size: '0x10' }), member(EVIL)),
      'unusual attribute size',
    ],
    ['a negative size attribute', () => archive(pax({ size: '-1' }), member(EVIL)), 'unusual attribute size'],
    [
      'an owner attribute that is none',
      () => archive(pax({ uid: 'root' }), member(EVIL)),
      'unusual attribute uid',
    ],
    [
      'a sparse file',
      () => archive(pax({ 'GNU.sparse.major': '1' }), member(EVIL)),
      'unusual attribute GNU.sparse.major',
    ],
    [
      'a name in a sparse map',
      () => archive(pax({ 'GNU.sparse.name': '/x' }), member(EVIL)),
      'unusual attribute GNU',
    ],
    ['an attribute twice', () => raw(twice('path', 'a', 'b'), EVIL), 'has the attribute path twice'],
    ['a record that is too long', () => raw(extension('99 path=x\n'), EVIL), 'has unreadable attributes'],
    ['a record that is too short', () => raw(extension('9 path=xyz\n'), EVIL), 'has unreadable attributes'],
    ['a record without a key', () => raw(extension('5 =x\n'), EVIL), 'has unreadable attributes'],
    ['a record without a value', () => raw(extension('7 path\n'), EVIL), 'has unreadable attributes'],
    ['a length with a sign', () => raw(extension('+11 path=x\n'), EVIL), 'has unreadable attributes'],
    [
      'something behind the records',
      () => raw(extension(`${record('path', 'x')}\0`), EVIL),
      'unreadable attributes',
    ],
    ['no records at all', () => raw(extension(''), EVIL), 'has odd attributes'],
    [
      'attributes without an end',
      () => raw({ ...extension('x'), size: 2 ** 30 }, EVIL),
      'has odd attributes',
    ],
    [
      'a path for all members',
      () => archive(pax({ path: 'x' }, 'g'), member(EVIL)),
      'the attribute path for all members',
    ],
    [
      'a size for all members',
      () => archive(pax({ size: '0' }, 'g'), member(EVIL)),
      'the attribute size for all members',
    ],

    // Sizes.
    ['a size that is no number', () => raw({ ...EVIL, size: '0000000001x' }), 'has an unreadable size'],
    ['a size with a zero byte in it', () => raw({ ...EVIL, size: '1\x000000000' }), 'has an unreadable size'],
    [
      'a size with zero bytes before it',
      () => raw({ ...EVIL, size: '\0\x000000001\0' }),
      'has an unreadable size',
    ],
    ['a size in octal with a sign', () => raw({ ...EVIL, size: '-0000000001' }), 'has an unreadable size'],
    ['a negative size', () => raw({ ...EVIL, size: Buffer.alloc(12, 0xff) }), 'has an unreadable size'],
    [
      'a binary size of another kind',
      () => raw({ ...EVIL, size: Buffer.from([0x81, ...Array(11).fill(0)]) }),
      'unreadable size',
    ],
    [
      'a size beyond all numbers',
      () => raw({ ...EVIL, size: Buffer.from([0x80, ...Array(11).fill(0xff)]) }),
      'unreadable size',
    ],
    ['a mode that is no number', () => raw({ ...EVIL, mode: 'rwxr-xr-' }), 'has an unreadable mode'],
    ['an owner that is no number', () => raw({ ...EVIL, uid: '0000xyz\0' }), 'has an unreadable owner'],
    [
      'a link with content',
      () => raw({ type: '2', linkname: 'x', content: 'y' }),
      'has content without being a file',
    ],
    [
      'a directory with members in it',
      () => raw({ name: 'd/', type: '5', size: 512 }, EVIL),
      'without being a file',
    ],
    [
      'a hard link with content',
      () => raw(EVIL, { type: '1', linkname: 'evil', content: 'y' }),
      'without being a file',
    ],
    [
      'a size of its own for a directory',
      () => archive(pax({ size: '512' }), member({ type: '5' })),
      'without being a file',
    ],

    // Types.
    ...['S', 'D', 'M', 'N', 'V', 'X', 'A', 'I', '8', '9'].map((type): [string, () => TestLayer, string] => [
      `the type ${type}`,
      () => raw({ ...EVIL, type }),
      'is of a type that no layer has',
    ]),

    // The end.
    ['a member behind the end', () => archive(member(EVIL), END, member(EVIL)), 'has content behind its end'],
    [
      'a member behind a lone zero block',
      () => archive(END.subarray(512), member(EVIL)),
      'has content behind its end',
    ],
    ['text behind the end', () => archive(END, Buffer.alloc(512, 'x')), 'has content behind its end'],
  ])('%s', async (_title, make, message) => {
    await expect(scan(make())).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining(message),
      hint: 'the image is damaged or malicious: do not use it',
    });
  });

  const extension = (content: string): RawMember => ({ name: 'x', type: 'x', content });
  const twice = (key: string, ...values: string[]) =>
    extension(values.map((value) => record(key, value)).join(''));

  test.each<[string, () => TestLayer, string]>([
    ['a wrong checksum', () => raw({ ...EVIL, checksum: '0000001\0' }), 'wrong checksum'],
    [
      'a checksum that only some believe',
      () => raw({ ...EVIL, name: 'é', checksum: signedSum() }),
      'wrong checksum',
    ],
    ['the oldest format', () => raw({ ...EVIL, magic: '\0\0\0\0\0\0\0\0' }), 'unknown format'],
    ['a size that reaches beyond the end', () => raw({ ...EVIL, size: 10_000 }), 'Unexpected end of data'],
    [
      'a piece of a block at the end',
      () => layerOf(Buffer.concat([member(EVIL), Buffer.alloc(100)])),
      'Unexpected end',
    ],
  ])('%s', async (_title, make, message) => {
    await expect(scan(make())).rejects.toMatchObject({
      code: 'BUNDLE_INVALID',
      message: expect.stringContaining(message),
    });
  });

  /** The sum that programs make which take bytes above 127 for negative numbers. */
  function signedSum(): string {
    const header = member({ ...EVIL, name: 'é' }).subarray(0, 512);
    header.fill(' ', 148, 156);
    const sum = header.reduce((all, byte) => all + (byte > 127 ? byte - 256 : byte), 0);
    return `${sum.toString(8).padStart(6, '0')}\0 `;
  }
});

describe('what programs write is read', () => {
  test.each<[string, () => TestLayer, string]>([
    ['no end at all', () => layerOf(member(EVIL)), 'evil'],
    ['one zero block as the end', () => layerOf(Buffer.concat([member(EVIL), END.subarray(512)])), 'evil'],
    ['twenty zero blocks', () => layerOf(Buffer.concat([member(EVIL), Buffer.alloc(10_240)])), 'evil'],
    ['the format of GNU', () => raw({ ...EVIL, magic: 'ustar  \0' }), 'evil'],
    ['a file with the type 0', () => raw({ ...EVIL, type: '\0' }), 'evil'],
    ['blanks before numbers', () => raw({ ...EVIL, mode: '   644 \0', size: '          1 ' }), 'evil'],
    [
      'an owner in binary',
      () => raw({ ...EVIL, uid: Buffer.from([0x80, 0, 0, 0, 0, 0x2d, 0xc6, 0xc0]) }),
      'evil',
    ],
    ['a comment for all members', () => archive(pax({ comment: 'abcdef' }, 'g'), member(EVIL)), 'evil'],
    [
      'binary attributes',
      () => archive(pax({ 'SCHILY.xattr.user.x': '\0\x01=\n', mtime: '1.5' }), member(EVIL)),
      'evil',
    ],
    [
      'a long name',
      () => archive(gnuLong('L', `${'d/'.repeat(60)}evil`), member(EVIL)),
      `${'d/'.repeat(60)}evil`,
    ],
    ['a prefix', () => raw({ ...EVIL, prefix: 'usr/share' }), 'usr/share/evil'],
  ])('%s', async (_title, make, name) => {
    const { entries } = await scan(make());
    expect(entries.map((entry) => entry.path)).toEqual([name]);
  });
});

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
    const began = Date.now();
    const { steps } = mergeLayers(await Promise.all(layers.map(scan)));
    expect(steps[1]?.remove).toHaveLength(names.length);
    expect(Date.now() - began).toBeLessThan(60_000);
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

describe('host files', () => {
  const places = async (
    members: readonly Member[],
    manifest: object = {},
    values: Record<string, string> = {},
  ) => {
    const image = await makeImage('evil', [
      await makeLayer([file('exports/manifest.json', JSON.stringify(manifest)), ...members]),
    ]);
    const known = new Map(Object.entries({ NAME: 'evil', ...values }));
    return hostFiles(image, expandRenames(image, known), known);
  };

  test.each([
    ['var/lib/containers/atomic/kubelet.1/config.json'],
    ['var/lib/containers/atomic/.storage/abc/etc/passwd'],
    ['var/lib/kboot/ledger.json'],
    ['var/lib/kboot/blobs/sha256/abc'],
    ['var/lib/containerd/io.containerd.content.v1.content/blobs/sha256/abc'],
    ['run/kboot/lock'],
    ['var/run/kboot/lock'],
    ['proc/sys/kernel/core_pattern'],
    ['proc/self/root/etc/x'],
    ['sys/kernel/x'],
    ['dev/sda'],
    ['etc/systemd/system/.kboot-new.evil.service'],
    ['etc/.kboot-abcdefgh'],
    ['etc/.kboot-new.d/x'],
    ['etc/a\tb'],
    ['etc/a\nb'],
  ])('%j is no place for one', async (place) => {
    await expect(places([file(`exports/hostfs/${place}`, 'x')])).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining('cannot be the place of a host file'),
    });
    const [parent = '', name = ''] = [path.dirname(place), path.basename(place)];
    await expect(places([link(`exports/hostfs/${parent}/${name}`, '/etc/passwd')])).rejects.toThrow(
      /cannot be|tab/,
    );
    await expect(places([directory(`exports/hostfs/${place}/`)])).rejects.toThrow('cannot be');
  });

  test.each([
    ['../etc/x'],
    ['/etc/../x'],
    ['/etc/./x'],
    ['etc/x'],
    ['/'],
    ['//'],
    [''],
    ['/var/lib/containers/atomic'],
    ['/var/lib/containers/atomic/$OTHER/info'],
    ['/var//lib/kboot/x'],
    ['/etc/systemd/system/.kboot-new.$NAME.service'],
    ['/etc/$BREAK'],
    ['/etc/$UP/x'],
  ])('nothing is renamed to %j', async (to) => {
    const values = { OTHER: 'kubelet.1', BREAK: 'a\nb', UP: '../root' };
    const manifest = { renameFiles: { '/etc/x': to } };
    await expect(places([file('exports/hostfs/etc/x', '')], manifest, values)).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
    });
  });

  test('none goes through a link of the same image, whatever is renamed', async () => {
    const members = [link('exports/hostfs/a', '/etc'), file('exports/hostfs/b/passwd', 'root::0:0::/:')];
    const renameFiles = { '/a': '/opt/evil', '/b': '/opt/evil' };
    await expect(places(members, { renameFiles })).rejects.toThrow(
      '/opt/evil/passwd would be below /opt/evil, which is no directory',
    );
    const swapped = { '/a': '/opt/z', '/b': '/opt/z' };
    await expect(places(members, { renameFiles: swapped })).rejects.toThrow('which is no directory');
  });

  test('two never get the same place', async () => {
    const members = [file('exports/hostfs/a', ''), link('exports/hostfs/b', '/etc/passwd')];
    await expect(places(members, { renameFiles: { '/a': '/b' } })).rejects.toThrow(
      'the place of two host files',
    );
  });

  test('a hidden link inside /exports does not lead host files elsewhere', async () => {
    const layers = [[link('exports', '/etc')], [file('exports/hostfs/x', '')]];
    await expect(makeImage('evil', await Promise.all(layers.map(makeLayer)))).rejects.toThrow(
      'has a link there',
    );
    const hostfs = [[link('exports/hostfs', '/etc')], [file('exports/hostfs/x', '')]];
    await expect(makeImage('evil', await Promise.all(hostfs.map(makeLayer)))).rejects.toThrow(
      'has a link there',
    );
    expect(await places([link('exports/hostfs', '/etc')])).toEqual([]);
  });

  test("the machine's own units are not started or stopped by an image", async () => {
    const manifest = { units: ['ssh.service'] };
    for (const place of ['opt', 'etc', 'etc/systemd/system/x', 'opt/a /etc/systemd/system'])
      await expect(places([file(`exports/hostfs/${place}/ssh.service`, '')], manifest)).rejects.toThrow(
        'cannot be the place of a unit',
      );
    const own = await places([file('exports/hostfs/etc/systemd/system/ssh.service', '')], manifest);
    expect(own.at(-1)?.path).toBe('/etc/systemd/system/ssh.service');
  });

  test.each([
    ['../x.service'],
    ['a/b.service'],
    ['x y.service'],
    ['-x.service'],
    ['x.service\n'],
    ['*.service'],
  ])('%j is not the name of a unit', async (unit) => {
    await expect(places([], { units: [unit] })).rejects.toThrow('Invalid manifest.json file');
  });

  test("root's rights are not lent to what was another's", async () => {
    const [mine, others, group, both] = await places([
      { ...file('exports/hostfs/a', '', 0o4755), uid: 0, gid: 0 },
      { ...file('exports/hostfs/b', '', 0o4755), uid: 1000, gid: 0 },
      { ...file('exports/hostfs/c', '', 0o2755), uid: 0, gid: 1000 },
      { ...file('exports/hostfs/d', '', 0o6755), uid: 0, gid: 0, pax: { uid: '3000000' } } as Member,
    ]);
    expect(
      [mine, others, group, both].map((each) => each && 'mode' in each && each.mode.toString(8)),
    ).toEqual(['4755', '755', '755', '2755']);
  });
});

let host: Host;
let folder: string;
beforeAll(async () => {
  host = await openLocalHost('here');
  folder = await mkdtemp(path.join(tmpdir(), 'kboot-malicious-'));
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Unpacks layers as a machine does, and gives back where each is. */
async function unpackAll(layers: readonly TestLayer[]) {
  const root = await mkdtemp(path.join(folder, 'root-'));
  const blobs = path.join(root, 'blobs');
  await mkdir(blobs);
  for (const layer of layers) await writeFile(path.join(blobs, layerName(layer)), layer.blob);
  const { steps } = await scansOf(layers);
  await unpackLayers(host, steps, { root: path.join(root, 'atomic'), blobDirs: [blobs] });
  return (layer: TestLayer) => path.join(root, 'atomic', '.storage', layerName(layer));
}

/** Layers that have nothing to do with each other. */
async function scansOf(layers: readonly TestLayer[]) {
  const scans = await Promise.all(layers.map(scan));
  return { scans, steps: scans.flatMap((each) => mergeLayers([each]).steps) };
}

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
