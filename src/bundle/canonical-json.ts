/**
 * JSON with sorted keys, two blanks of indent and a final newline: equal values give equal bytes, whatever
 * order their keys were set in. Arrays keep their order; undefined members are left out.
 */
export function canonicalJson(value: unknown): string {
  return `${JSON.stringify(value, (_key, member: unknown) => (isRecord(member) ? sorted(member) : member), 2)}\n`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sorted(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
