import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

const FOLDERS = [import.meta.dirname, path.join(import.meta.dirname, '..')];

test('every test that the table of rules names is there', async () => {
  const table = await readFile(path.join(import.meta.dirname, 'README.md'), 'utf8');
  const rows = table.split('\n').filter((line) => line.startsWith('| ') && !/^\| (rule|-)/.test(line));
  expect(rows.length).toBeGreaterThan(55);
  for (const row of rows) {
    const tests = [...(row.split('|').at(-2) ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
    expect(tests.length, row).toBeGreaterThan(0);
    for (const name of tests) {
      const found = await Promise.all(
        FOLDERS.map((folder) =>
          access(path.join(folder, name)).then(
            () => true,
            () => false,
          ),
        ),
      );
      expect(found, `${name} in ${row}`).toContain(true);
    }
  }
});
