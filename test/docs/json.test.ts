import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { DOCUMENTS } from '../../src/cli/json/documents.ts';
import { EVENT_LINES } from '../../src/cli/json/events.ts';

/** The part of JSON Schema that these documents use. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly $ref?: string;
  readonly description?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
}

const INTRODUCTION = `# What \`--json\` prints

One document on standard output, indented by two, also when something failed on some machines (the exit code says so, see [exit codes](exit-codes.md)); nothing at all where a verb could not begin. A dry run prints its plan as text. Progress and errors are on standard error; \`--events\` makes them one JSON object a line.

What holds for all documents:

- Names are in camelCase. A document that is about machines is a list with an object for each thing on each machine, and \`host\` says which machine.
- Times are RFC 3339 in UTC, durations are milliseconds with \`Ms\` at the end of their name, sizes are bytes.
- \`null\` is what is unknown or not there. A field marked "optional" may be missing.
- Characters that a terminal would act on are escaped (\`\\\\u001b\`).
- New fields may come at any time; fields go, or change what they mean, only with a new major version.

The schemas are in \`src/cli/json/documents.ts\`; this page is made from them.
`;

const EVENTS = `## --events

One object a line on standard error, of every verb. \`type\` says which kind it is; kinds may be added. A run begins with \`run-start\` and ends with \`run-end\`, and with \`error\` behind it where something failed.
`;

/** A field's type in a word or two. */
function typeOf({
  type,
  $ref,
  format,
  enum: words,
  const: word,
  items,
  anyOf,
  additionalProperties,
}: Schema): string {
  if ($ref !== undefined) return 'object of this kind';
  if (Array.isArray(type)) return type.join(' or ');
  if (anyOf) return [...new Set(anyOf.map(typeOf))].join(' or ');
  if (words) return words.map((each) => `\`${each}\``).join(' or ');
  if (word !== undefined) return `\`${word}\``;
  if (format === 'date-time') return 'time';
  if (type === 'array') return `list of ${plural(items ?? {})}`;
  if (type === 'object' && typeof additionalProperties === 'object' && additionalProperties.type) {
    return `object with a ${typeOf(additionalProperties)} by name`;
  }
  return type === 'integer' ? 'number' : `${type ?? 'any'}`;
}

const plural = (schema: Schema): string =>
  schema.enum ? typeOf(schema) : typeOf(schema).replace(/^\w+/, (word) => `${word}s`);

/** The object inside a list, or inside what may be null. */
const inner = (schema: Schema): Schema =>
  schema.items ? inner(schema.items) : (schema.anyOf?.find(({ type }) => type === 'object') ?? schema);

function rowsOf(schema: Schema, prefix = ''): readonly string[] {
  const { properties = {}, required = [] } = inner(schema);
  return Object.entries(properties).flatMap(([name, field]) => [
    `| \`${prefix}${name}\` | ${typeOf(field)}${required.includes(name) ? '' : ', optional'} | ${field.description ?? ''} |`,
    ...rowsOf(field, `${prefix}${name}${field.type === 'array' ? '[]' : ''}.`),
  ]);
}

function chapter(title: string, document: z.ZodType, level = '##'): string {
  const schema = z.toJSONSchema(document, { io: 'input' }) as Schema;
  const head = schema.type === 'array' ? 'A list of objects:' : 'An object:';
  return [
    `${level} ${title}`,
    '',
    head,
    '',
    '| field | type | |',
    '|---|---|---|',
    ...rowsOf(schema),
    '',
  ].join('\n');
}

test('the page says of each document what its schema says', async () => {
  const page = [
    INTRODUCTION,
    ...Object.entries(DOCUMENTS).map(([command, document]) => chapter(command, document)),
    EVENTS,
    ...Object.entries(EVENT_LINES).map(([type, line]) => chapter(type, line, '###')),
  ].join('\n');
  await expect(page).toMatchFileSnapshot(join(import.meta.dirname, '../../docs/json.md'));
});

test('all names are in one case', () => {
  const names = [...Object.values(DOCUMENTS), ...Object.values(EVENT_LINES)].flatMap((document) =>
    rowsOf(z.toJSONSchema(document, { io: 'input' }) as Schema).flatMap(
      (row) => /`([^`]+)`/.exec(row)?.[1] ?? [],
    ),
  );
  expect(names.length).toBeGreaterThan(80);
  expect(names.filter((name) => !/^(?:[a-z][a-zA-Z0-9]*(?:\[\])?\.?)+$/.test(name))).toEqual([]);
});
