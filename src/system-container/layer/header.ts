/** Size of every block of a tar archive. */
export const HEADER_SIZE = 512;

/** What a header says of what follows it. */
export interface TarHeader {
  /** As it stands here; extensions before it may give another. */
  readonly name: string;
  /** `0` for a file, however it is written. */
  readonly type: string;
  readonly size: number;
}

const ZERO = Buffer.alloc(HEADER_SIZE);

export const isZero = (block: Buffer): boolean => block.equals(ZERO);

const CHECKSUM = { at: 148, length: 8 };

/** Numbers that decide about a member, beside its size. */
const NUMBERS = [
  { at: 100, length: 8, what: 'mode' },
  { at: 108, length: 8, what: 'owner' },
  { at: 116, length: 8, what: 'group' },
] as const;

/** Regular files, hard links, links, devices, directories, pipes; attributes of pax and long names of GNU. */
const TYPES = '01234567xgLK';

/**
 * Reads a header block. Throws an Error when it is none, and `bad` for what is not written as every program reads it.
 */
export function readHeader(block: Buffer, bad: (why: string) => Error): TarHeader {
  const magic = block.toString('latin1', 257, 265);
  const isPosix = magic.startsWith('ustar\0');
  if (!isPosix && magic !== 'ustar  \0') throw new Error('a header is in an unknown format');
  if (number(block, CHECKSUM.at, CHECKSUM.length) !== sumOf(block))
    throw new Error('a header has a wrong checksum');
  const type = block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0);
  if (!TYPES.includes(type)) throw bad('is of a type that no layer has');
  for (const { at, length, what } of NUMBERS) {
    if (number(block, at, length) === undefined) throw bad(`has an unreadable ${what}`);
  }
  const size = number(block, 124, 12);
  if (size === undefined) throw bad('has an unreadable size');
  const prefix = isPosix ? text(block, 345, 155) : '';
  return { name: `${prefix === '' ? '' : `${prefix}/`}${text(block, 0, 100)}`, type, size };
}

function text(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

/** Octal digits, filled up with blanks and zero bytes; or, for what is too large for that, binary. */
function number(block: Buffer, at: number, length: number): number | undefined {
  const field = block.subarray(at, at + length);
  if (field[0] === 0x80) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = /^ *([0-7]*)[ \0]*$/.exec(field.toString('latin1'))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits || '0', 8);
}

/** The sum of the bytes, those of the checksum itself taken for blanks. */
function sumOf(block: Buffer): number {
  let sum = 0;
  for (let at = 0; at < HEADER_SIZE; at++) sum += block[at] ?? 0;
  for (let at = CHECKSUM.at; at < CHECKSUM.at + CHECKSUM.length; at++) sum += 32 - (block[at] ?? 0);
  return sum;
}
