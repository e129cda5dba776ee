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
  cluster: ['lib', 'config'],
  lab: ['lib', 'config', 'host'],
  ...Object.fromEntries(
    ['facts', 'system-container', 'bundle', 'kubeadm', 'etcd', 'flannel'].map((folder, _index, parts) => [
      folder,
      ['lib', 'config', 'host', 'cluster', ...parts.filter((part) => part !== folder)],
    ]),
  ),
};
const PARTS = Object.keys(MAY_IMPORT).filter((folder) => folder !== 'lab');
const ALL: Readonly<Record<string, readonly string[]>> = {
  ...MAY_IMPORT,
  session: PARTS,
  phases: [...PARTS, 'session'],
  plan: [...PARTS, 'session', 'phases'],
  cli: [...PARTS, 'session', 'phases', 'plan', 'lab'],
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

interface Violation {
  readonly from: string;
  readonly to: string;
}

let violations: readonly Violation[] = [];
const copy = mkdtempSync(join(tmpdir(), 'kboot-imports-'));
afterAll(() => rmSync(copy, { recursive: true }));

beforeAll(() => {
  for (const file of ['.dependency-cruiser.mjs', 'tsconfig.json'])
    copyFileSync(join(ROOT, file), join(copy, file));
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    writeFileSync(join(copy, file), text);
  };
  for (const folder of Object.keys(ALL)) write(`src/${folder}/x.ts`, 'export {};\n');
  for (const file of [...PROBES, ...Object.keys(ALL).map((folder) => `src/${folder}/order.ts`)]) {
    const up = '../'.repeat(file.split('/').length - 2);
    const rooms = Object.keys(ALL).map((folder) => `import '${up}${folder}/x.ts';\n`);
    write(file, [...rooms, ...Object.keys(PACKAGES).map((name) => `import '${name}';\n`)].join(''));
  }
  write('src/lib/one.ts', "import type { Two } from './two.ts';\nexport type One = Two;\n");
  write('src/lib/two.ts', "import type { One } from './one.ts';\nexport type Two = One;\n");
  write('src/lib/first/a.ts', "import '../second/b.ts';\n");
  write('src/lib/first/c.ts', '');
  write('src/lib/second/b.ts', '');
  write('src/lib/second/d.ts', "import '../first/c.ts';\n");
  const { stdout } = spawnSync(
    join(ROOT, 'node_modules/.bin/depcruise'),
    ['src', '--config', '.dependency-cruiser.mjs', '--output-type', 'json'],
    { cwd: copy, encoding: 'utf8', maxBuffer: 64 << 20 },
  );
  violations = JSON.parse(stdout).summary.violations;
});

/** What `file` must not import, of the rooms and of the packages. */
const forbidden = (file: string): readonly string[] =>
  violations.filter(({ from }) => from === file).map(({ to }) => to);

test('every folder of src has its place in the order', () => {
  const folders = readdirSync(`${ROOT}/src`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(ALL).sort());
});

test.each(Object.keys(ALL))('src/%s may import what is below it, and nothing else', (folder) => {
  const above = Object.keys(ALL).filter((other) => other !== folder && !ALL[folder]?.includes(other));
  const found = forbidden(`src/${folder}/order.ts`).filter((module) => module.startsWith('src/'));
  expect([...found].sort()).toEqual(above.map((other) => `src/${other}/x.ts`).sort());
});

test.each(PROBES)('%s may import only the packages that belong there', (file) => {
  const elsewhere = Object.keys(PACKAGES).filter(
    (name) => !PACKAGES[name]?.some((place) => file.startsWith(place)),
  );
  const found = forbidden(file).filter((module) => !module.startsWith('src/'));
  expect([...found].sort()).toEqual(elsewhere.map((name) => name.replace('node:', '')).sort());
});

test('no module may import itself through others, not even their types', () => {
  expect(violations).toContainEqual(
    expect.objectContaining({ from: 'src/lib/one.ts', to: 'src/lib/two.ts' }),
  );
});

test('no folder may import another one that imports it', () => {
  expect(violations).toContainEqual(expect.objectContaining({ from: 'src/lib/first', to: 'src/lib/second' }));
});
