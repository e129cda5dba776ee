import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { missingPackages } from '../src/lab/requirements.ts';

interface Locked {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const text = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

test('the lock names the optional packages of every platform: npm ci asks for them', () => {
  const packages: Readonly<Record<string, Locked>> = JSON.parse(text('package-lock.json')).packages;
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
    ),
  );
  expect(missing).toEqual([]);
});

test('the newest version of the changelog is the one of the package', () => {
  expect(/^## \[([^\]]+)\]/m.exec(text('CHANGELOG.md'))?.[1]).toBe(packageJson.version);
});

test('CI installs every package that the lab needs', async () => {
  const listed = text('.ci/packages').split('\n');
  const needed = await missingPackages('/bin', async () => false);
  expect(needed.length).toBeGreaterThan(5);
  expect(listed).toEqual(expect.arrayContaining([...needed]));
});
