// Runs every check that needs no tests, to the end, and reports all that failed: `npm run check`.
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const bin = (name) => `node_modules/.bin/${name}`;

/** The shell that is in files of its own, for `xargs -0`. */
const SHELL_FILES = `git grep -lzE '^#!(/usr/bin/env |/bin/)(ba)?sh' -- remote .ci images '*.sh'`;

const CHECKS = [
  {
    name: 'biome: format, lint',
    argv: [bin('biome'), 'check', '--error-on-warnings', '--max-diagnostics=200'],
  },
  {
    name: 'dependency-cruiser: import order, no circles',
    argv: [bin('depcruise'), 'src', '--config', '.dependency-cruiser.mjs', '--output-type', 'err'],
  },
  { name: 'the picture of the house', argv: ['node', 'scripts/house.mjs', '--check'] },
  { name: 'tsc: types', argv: [bin('tsc'), '-p', '.', '--pretty', 'false'] },
  { name: 'knip: unused files, exports and packages', argv: [bin('knip'), '--no-progress'] },
  { name: 'publint: the package as published', argv: [bin('publint'), '--strict'] },
  {
    name: 'shellcheck: shell',
    argv: [
      'sh',
      '-c',
      `${SHELL_FILES} | xargs -0 shellcheck --external-sources --source-path=remote --exclude=SC1091`,
    ],
  },
  {
    name: 'shfmt: format of shell',
    argv: ['sh', '-c', `${SHELL_FILES} | xargs -0 shfmt -i 2 -ci -sr -d`],
  },
  { name: 'links between the Markdown pages', argv: ['node', 'scripts/markdown-links.mjs'] },
];

const failed = CHECKS.filter(({ name, argv: [program, ...args] }) => {
  const startedAt = performance.now();
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const ok = status === 0;
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)\n`);
  if (!ok) process.stdout.write(`${error ? `${error.message}\n` : ''}${stdout ?? ''}${stderr ?? ''}\n`);
  return !ok;
});

for (const { name } of failed) process.stdout.write(`failed: ${name}\n`);
process.stdout.write(`${CHECKS.length - failed.length} passed, ${failed.length} failed\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
