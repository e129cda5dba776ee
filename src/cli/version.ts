import { readFileSync } from 'node:fs';

/** kboot's version: package.json is the only place that has it. */
export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
