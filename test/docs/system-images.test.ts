import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

const DOCS = path.join(import.meta.dirname, '../../docs');
const FILE = /^`([\w./-]+)`:\n\n```\w*\n([\s\S]*?)```$/gm;

test('the page shows the files of its example as they are', async () => {
  const page = await readFile(path.join(DOCS, 'system-images.md'), 'utf8');
  const shown = [...page.matchAll(FILE)];
  expect(shown.map(([, name]) => name)).toEqual([
    'Containerfile',
    'exports/config.json.template',
    'exports/service.template',
    'exports/manifest.json',
    'exports/hostfs/etc/greeter/greeting',
  ]);
  for (const [, name = '', text] of shown)
    expect(await readFile(path.join(DOCS, 'examples/greeter', name), 'utf8'), name).toBe(text);
});
