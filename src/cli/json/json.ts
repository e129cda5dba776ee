import type { z } from 'zod';
import { escapeJson } from '../../lib/escape.ts';

/**
 * One JSON document for standard output, indented by two, with what its schema promises and nothing else: see
 * documents.ts.
 */
export function jsonDocument<Schema extends z.ZodType>(schema: Schema, value: z.input<Schema>): string {
  return `${escapeJson(JSON.stringify(schema.parse(value), undefined, 2))}\n`;
}
