import { layerOf, type TestLayer } from './make-image.ts';
/** A tar archive made by hand, for what no program would write. */
export interface RawMember {
  readonly name?: string | Buffer;
  /** The type's character. */
  readonly type?: string;
  readonly content?: string | Buffer;
  /** What the size field says; the content's own size when absent. */
  readonly size?: number | string | Buffer;
  readonly mode?: number | string | Buffer;
  readonly uid?: number | string | Buffer;
  readonly linkname?: string;
  readonly prefix?: string;
  /** `ustar\0` and `00`, or GNU's `ustar` and two blanks. */
  readonly magic?: string;
  readonly checksum?: string;
}

/** Two blocks of zeros: the end of an archive. */
export const END = Buffer.alloc(1024);

/** A header block with its content, filled up to whole blocks. */
export function member(parts: RawMember): Buffer {
  const {
    name = 'a',
    type = '0',
    linkname = '',
    prefix = '',
    magic = 'ustar\x0000',
    mode = 0o644,
    uid = 0,
  } = parts;
  const content = Buffer.from(parts.content ?? '');
  const header = Buffer.alloc(512);
  const put = (at: number, length: number, value: string | Buffer) =>
    Buffer.from(value).copy(header, at, 0, length);
  put(0, 100, name);
  put(100, 8, field(mode, 8));
  put(108, 8, field(uid, 8));
  put(116, 8, field(0, 8));
  put(124, 12, field(parts.size ?? content.length, 12));
  put(136, 12, field(0, 12));
  put(156, 1, type);
  put(157, 100, linkname);
  put(257, 8, magic);
  put(345, 155, prefix);
  header.fill(' ', 148, 156);
  const sum = header.reduce((all, byte) => all + byte, 0);
  put(148, 8, parts.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `);
  return Buffer.concat([header, content, Buffer.alloc(-content.length & 511)]);
}

const field = (value: number | string | Buffer, length: number): string | Buffer =>
  typeof value === 'number' ? `${value.toString(8).padStart(length - 1, '0')}\0` : value;

/** A header of pax with these records: `x` for the next member, `g` for all. */
export function pax(records: Readonly<Record<string, string>>, type = 'x'): Buffer {
  const text = Object.entries(records).map(([key, value]) => record(key, value));
  return member({ name: 'PaxHeader/x', type, content: text.join('') });
}

/** A record as it should be: its length counts itself. */
export function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  while (Buffer.byteLength(`${length}${rest}`) !== length) length = Buffer.byteLength(`${length}${rest}`);
  return `${length}${rest}`;
}

/** GNU's long name (`L`) or long target (`K`) of the next member. */
export const gnuLong = (type: 'L' | 'K', text: string): Buffer =>
  member({ name: '././@LongLink', type, content: `${text}\0`, magic: 'ustar  \0' });

/** A layer of these parts, with the end of an archive. */
export const archive = (...parts: readonly Buffer[]): TestLayer => layerOf(Buffer.concat([...parts, END]));

/** A layer of these members. */
export const raw = (...members: readonly RawMember[]): TestLayer => archive(...members.map(member));

/** A file that an attacker wants somewhere else. */
export const EVIL: RawMember = { name: 'evil', content: 'x' };
