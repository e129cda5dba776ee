import { asText } from '../image/template.ts';
import type { Info } from './info.ts';

export type UserValues = Readonly<Record<string, string>>;

/**
 * What the user set, as a deployment recorded it. Where the record is missing, everything that it was made with counts
 * as the user's, except for what is worked out anew each time.
 */
export function recordedValues(info: Info): UserValues {
  if (info['user-values'] !== undefined) return info['user-values'];
  const saved = Object.entries(info.values).filter(([name]) => !COMPUTED.test(name));
  return Object.fromEntries(saved.map(([name, value]) => [name, asText(value)]));
}

const COMPUTED = /^(NAME|DESTDIR|UUID|EXEC_.*|HOST_[UG]ID|IMAGE_(NAME|ID))$/;

export function isSame(a: UserValues, b: UserValues): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
  );
}
