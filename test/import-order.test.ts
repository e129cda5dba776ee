import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Each folder of src and those that it may import from, itself apart. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  config: ['lib'],
  host: ['lib'],
  lab: ['lib', 'config', 'host'],
  ...Object.fromEntries(
    ['facts', 'system-container', 'bundle', 'kubeadm', 'etcd', 'flannel'].map((folder, _index, parts) => [
      folder,
      ['lib', 'config', 'host', ...parts.filter((part) => part !== folder)],
    ]),
  ),
};
const PARTS = Object.keys(MAY_IMPORT).filter((folder) => folder !== 'lab');
const ALL: Readonly<Record<string, readonly string[]>> = {
  ...MAY_IMPORT,
  phases: PARTS,
  plan: [...PARTS, 'phases'],
  cli: [...PARTS, 'phases', 'plan', 'lab'],
};

/** Where each package with side effects may be imported. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'node-ssh': ['src/host/ssh'],
  ssh2: ['src/host/ssh'],
  ora: ['src/cli/report'],
  execa: ['src/host/local.ts', 'src/host/ssh/openssh.ts', 'src/bundle/build', 'src/lab'],
  'node:child_process': ['src/host/local.ts', 'src/host/ssh/openssh.ts', 'src/bundle/build', 'src/lab'],
  'node:process': [],
};

const PROBES = [
  'src/host/ssh/probe.ts',
  'src/host/ssh/openssh.ts',
  'src/host/local.ts',
  'src/host/probe.ts',
  'src/cli/report/probe.ts',
  'src/cli/probe.ts',
  'src/bundle/build/probe.ts',
  'src/bundle/probe.ts',
  'src/lab/probe.ts',
  'src/phases/probe.ts',
  'src/config/rules/probe.ts',
];

/** What every probe imports: one module of each folder of src, and each package. */
const MODULES = [...Object.keys(ALL).map((folder) => `../${folder}/x.ts`), ...Object.keys(PACKAGES)];

interface Finding {
  readonly location: { readonly path: string; readonly start: { readonly line: number } };
}

let findings: readonly Finding[] = [];
const copy = mkdtempSync(join(tmpdir(), 'kboot-lint-'));
afterAll(() => rmSync(copy, { recursive: true }));

beforeAll(() => {
  copyFileSync(join(ROOT, 'biome.json'), join(copy, 'biome.json'));
  const text = MODULES.map((module) => `import '${module}';\n`).join('');
  for (const file of [...PROBES, ...Object.keys(ALL).map((folder) => `src/${folder}/order.ts`)]) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    writeFileSync(join(copy, file), text);
  }
  const options = ['lint', '--only=style/noRestrictedImports', '--reporter=json', '--max-diagnostics=none'];
  const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/biome'), options, {
    cwd: copy,
    encoding: 'utf8',
  });
  findings = JSON.parse(stdout).diagnostics;
});

/** The modules that biome forbids `file` to import. */
function forbidden(file: string): string[] {
  const lines = findings
    .filter(({ location }) => location.path === file)
    .map(({ location }) => location.start.line);
  return MODULES.filter((_module, index) => lines.includes(index + 1));
}

test('every folder of src has its place in the order', () => {
  const folders = readdirSync(`${ROOT}/src`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(ALL).sort());
});

test.each(Object.keys(ALL))('biome lets src/%s import what is below it, and nothing else', (folder) => {
  const above = Object.keys(ALL).filter((other) => other !== folder && !ALL[folder]?.includes(other));
  const found = forbidden(`src/${folder}/order.ts`).filter((module) => module.startsWith('../'));
  expect(found).toEqual(above.map((other) => `../${other}/x.ts`));
});

test.each(PROBES)('biome lets %s import only the packages that belong there', (file) => {
  const elsewhere = Object.keys(PACKAGES).filter(
    (name) => !PACKAGES[name]?.some((place) => file.startsWith(place)),
  );
  expect(forbidden(file).filter((module) => module in PACKAGES)).toEqual(elsewhere);
});
