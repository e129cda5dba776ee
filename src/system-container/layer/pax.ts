export type PaxRecords = ReadonlyMap<string, string>;

const NUMBERS = ['size', 'uid', 'gid'];
const NAMES = ['path', 'linkpath'];

/**
 * Reads the records `LENGTH KEY=VALUE` of a pax header. Throws `bad` for what is not written as every program reads
 * it, and for attributes that make something else of a member.
 */
export function readPax(content: Buffer, bad: (why: string) => Error): PaxRecords {
  const records = new Map<string, string>();
  let rest = content;
  while (rest.length > 0) {
    const digits = /^[1-9]\d{0,6}(?= )/.exec(rest.toString('latin1', 0, 8))?.[0] ?? '';
    const record = rest.subarray(0, Number(digits));
    // Values may be binary: only what stands before the first `=` is text for certain.
    const equals = record.indexOf('=');
    if (record.length !== Number(digits) || record.at(-1) !== 0x0a || equals <= digits.length + 1) {
      throw bad('has unreadable attributes');
    }
    const key = record.toString('utf8', digits.length + 1, equals);
    const value = record.toString('utf8', equals + 1, record.length - 1);
    if (records.has(key)) throw bad(`has the attribute ${key} twice`);
    if (isUnusual(key, value)) throw bad(`has the unusual attribute ${key}`);
    records.set(key, value);
    rest = rest.subarray(record.length);
  }
  return records;
}

function isUnusual(key: string, value: string): boolean {
  if (key.startsWith('GNU.')) return true;
  if (NUMBERS.includes(key)) return !/^\d{1,15}$/.test(value);
  return NAMES.includes(key) && (value === '' || value.includes('\0'));
}
