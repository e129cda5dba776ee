import { describe, expect, test } from 'vitest';
import { layerOf, scan, type TestLayer } from '../make-image.ts';
import { archive, END, EVIL, gnuLong, member, pax, type RawMember, raw, record } from '../raw-tar.ts';

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
