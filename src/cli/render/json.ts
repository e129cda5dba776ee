import { escapeJson } from '../../lib/escape.ts';

/** One JSON document for standard output, indented by four as the format of system containers has it. */
export function jsonDocument(value: object): string {
  return `${escapeJson(JSON.stringify(value, undefined, 4))}\n`;
}
