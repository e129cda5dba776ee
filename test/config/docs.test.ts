import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseCluster } from '../../src/config/load.ts';
import { WrittenCluster } from '../../src/config/schema.ts';

const page = readFileSync(new URL('../../docs/kboot-yaml.md', import.meta.url), 'utf8');

/** Every field of a schema that holds a value, as the page writes it: `masters[].ssh.port`. */
function fieldsOf(schema: z.core.JSONSchema.BaseSchema, path = ''): string[] {
  if (schema.properties)
    return Object.entries(schema.properties).flatMap(([key, value]) =>
      fieldsOf(value as z.core.JSONSchema.BaseSchema, path === '' ? key : `${path}.${key}`),
    );
  if (schema.items) {
    const list = `${path}[]`;
    return [list, ...fieldsOf(schema.items as z.core.JSONSchema.BaseSchema, list)];
  }
  return [path];
}

test('the page lists exactly the fields that there are', () => {
  const documented = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, field]) => field);
  expect([...documented].sort()).toEqual(fieldsOf(z.toJSONSchema(WrittenCluster)).sort());
});

test('its example is valid and uses every field', () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const { cluster, issues } = parseCluster(example, '/c/kboot.yaml', '/home/op');
  expect(issues).toEqual([]);
  expect(cluster?.nodes.map(({ name }) => name)).toEqual(['node1.example.com', 'node2.example.com']);
  for (const field of fieldsOf(z.toJSONSchema(WrittenCluster))) {
    const key = field.replace('[]', '').split('.').at(-1);
    expect(example).toMatch(new RegExp(`^ *(- )?${key}:`, 'm'));
  }
});
