#!/usr/bin/env node
// Locks the Debian packages of userland.json at the versions which this machine's own mirrors have now:
//   apt-get update && node images/userland/renew-lock.mjs
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const layers = Object.values(JSON.parse(readFileSync(join(here, 'userland.json'), 'utf8')));
const names = [...new Set(layers.flatMap((layer) => Object.keys(layer.packages)))].sort();

const folder = mkdtempSync(join(tmpdir(), 'kboot-lock-'));
try {
  execFileSync('apt-get', ['download', '-q', ...names], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  const packages = readdirSync(folder).map((file) => {
    const deb = readFileSync(join(folder, file));
    const fields = execFileSync('dpkg-deb', ['-f', file, 'Package', 'Version'], { cwd: folder, encoding: 'utf8' });
    const field = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(fields)?.[1];
    const sha256 = createHash('sha256').update(deb).digest('hex');
    return [field('Package'), { version: field('Version'), sha256, size: deb.length }];
  });
  packages.sort(([a], [b]) => (a < b ? -1 : 1));
  const architecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
  const lock = JSON.stringify(Object.fromEntries(packages), undefined, 2);
  writeFileSync(join(here, `packages.${architecture}.lock.json`), `${lock}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
