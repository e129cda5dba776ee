import type { z } from 'zod';
import type { Finding, Keys } from './issue.ts';
import { closest, fieldsAt } from './known-fields.ts';
import type { Source } from './source.ts';

const EXAMPLES: Readonly<Record<string, string>> = {
  apiVersion: 'kboot/v1',
  kind: 'Cluster',
  kubernetes: 'v1.37.2',
  masters: 'a list of machines',
  name: 'a name',
};

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'a group of fields',
};

/** Turns one issue of the schema into findings that say what to write instead. */
export function explain(issue: z.core.$ZodIssue, source: Source, value: unknown): readonly Finding[] {
  const keys = issue.path as Keys;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(keys, key));
  return [{ keys, message: messageFor(issue, keys, source, valueAt(value, keys)) }];
}

function unknownField(keys: Keys, key: string): Finding {
  const fields = fieldsAt(keys);
  const meant = closest(key, fields);
  const advice = meant === undefined ? `the fields here are ${fields.join(', ')}` : `did you mean ${meant}?`;
  return { keys: [...keys, key], message: `is not a known field: ${advice}` };
}

function messageFor(issue: z.core.$ZodIssue, keys: Keys, source: Source, value: unknown): string {
  const field = String(keys.at(-1) ?? '');
  const example = EXAMPLES[field];
  if (value === undefined) return `is missing${example === undefined ? '' : `: it must be ${example}`}`;
  if (value === null) return 'is empty: write a value or delete the line';
  if (issue.code === 'invalid_value') return `must be ${issue.values.map(String).join(' or ')}`;
  if (field === 'port') return 'must be a port number from 1 to 65535';
  if (issue.code !== 'invalid_type') return issue.message;
  if (issue.expected !== 'string')
    return typeof keys.at(-1) === 'number'
      ? 'must be the name of a machine, or its fields (name, address, ssh)'
      : `must be ${TYPES[issue.expected] ?? issue.expected}`;
  const written = source.textOf(keys);
  if (written === undefined) return 'must be text';
  if (field === 'kubernetes')
    return `must be text, and ${written} is a number in YAML: write the whole version with the v in front, like ${example}`;
  return `must be text, and YAML does not read ${written} as text: put quotes around it`;
}

function valueAt(value: unknown, keys: Keys): unknown {
  return keys.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[key] : at),
    value,
  );
}
