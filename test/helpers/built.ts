import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Compiles src as it is now (types unchecked) into a folder, beside links to what the package needs, and gives back
 * the path of the program.
 */
export function compileProgram(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const name of ['node_modules', 'package.json', 'images', 'manifests', 'remote'])
    symlinkSync(join(ROOT, name), join(folder, name));
  const options = ['-p', 'tsconfig.build.json', '--noCheck', '--outDir', join(folder, 'dist')];
  execFileSync(join(ROOT, 'node_modules/.bin/tsc'), options, { cwd: ROOT });
  return join(folder, 'dist/bin.js');
}

/** The same in a folder of its own, which is removed after the tests of the file. */
export function builtProgram(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kboot-built-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  return compileProgram(folder);
}
