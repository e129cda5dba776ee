// Makes a new phase or a new verb with its test, and says what is left to do by hand:
//   node scripts/new.mjs phase clear-cache
//   node scripts/new.mjs verb etcd defrag
// Nothing that exists is overwritten, but for the list of nouns in src/cli/commands.ts.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
const pascal = (name) => camel(name).replace(/^./, (letter) => letter.toUpperCase());

function phaseFiles(name) {
  const id = camel(name);
  return {
    [`src/phases/${name}.ts`]: `import { remoteScript } from '../host/remote-script.ts';
import { everywhere, type Phase, yes } from './phase.ts';

/** What it makes of a machine. */
export const ${id}: Phase = {
  id: '${name}',
  title: '${pascal(name).replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}',
  on: everywhere,
  after: [],
  decide: () => yes('it is not known yet whether it is done'),
  async run({ host, signal }) {
    await host.change({ ...remoteScript('phases/${name}'), sudo: true }, signal);
  },
};
`,
    [`remote/phases/${name}.sh`]: `#!/bin/sh
# What it does, what its arguments are, and what it prints.
set -eu
true
`,
    [`test/phases/${name}.test.ts`]: `import { expect, test } from 'vitest';
import { ${id} } from '../../src/phases/${name}.ts';
import { BUNDLE, clusterStateOf, stateWith } from '../helpers/cluster-state.ts';
import { contextWith } from '../helpers/phase-context.ts';

const master = stateWith('master.example.com', 'master');

test.each([['a machine as it comes', master, true, /not known yet/]] as const)(
  'decides for %s',
  (_what, state, run, because) => {
    const decision = ${id}.decide(state, clusterStateOf(state), BUNDLE);
    expect(decision).toEqual({ run, because: expect.stringMatching(because) });
  },
);

test('changes the machine by one command', async () => {
  const context = contextWith();
  context.host.on('sudo ${name}.sh');
  await ${id}.run(context);
  expect(context.host.transcript).toEqual(['! sudo ${name}.sh']);
});
`,
  };
}

function verbFiles(noun, verb) {
  const run = `run${pascal(noun)}${pascal(verb)}`;
  const register = `register${pascal(noun)}`;
  return {
    [`src/cli/${noun}/${verb}.ts`]: `import { readCluster } from '../session/cluster-file.ts';
import type { Run, VerbResult } from '../verb.ts';

/** \`kboot ${noun} ${verb}\`: what it does, and what it prints. */
export async function ${run}(run: Run): Promise<VerbResult> {
  const { name } = await readCluster(run);
  return { output: \`\${name}\\n\` };
}
`,
    [`test/cli/${noun}/${verb}.test.ts`]: `import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ${register} } from '../../../src/cli/${noun}/command.ts';
import { main } from '../../../src/cli/main.ts';
import { testIo } from '../../helpers/io.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kboot-${noun}-${verb}-'));
  const text = 'apiVersion: kboot/v1\\nkind: Cluster\\nname: shop\\nmasters: [m1]\\n';
  await writeFile(join(folder, 'kboot.yaml'), text);
});
afterAll(() => rm(folder, { recursive: true }));

test('prints what it is for', async () => {
  const io = testIo(['${noun}', '${verb}'], { cwd: folder, home: folder });
  expect(await main(io, async () => [${register}])).toBe(0);
  expect(io.stdout.text).toBe('shop\\n');
});
`,
  };
}

/** The registration of a verb: in a new noun's command.ts, or to be put into the one that is there. */
const registration = (noun, verb) => `  ${camel(noun)}
    .command('${verb}')
    .description('what it does')
    .action(async (_options: unknown, command: Command) => {
      await runVerb(io, command, async (run) => (await import('./${verb}.ts')).run${pascal(noun)}${pascal(verb)}(run));
    });
`;

function nounFiles(noun, verb) {
  return {
    [`src/cli/${noun}/command.ts`]: `import type { Command } from 'commander';
import { type Register, runVerb } from '../verb.ts';

/** kboot ${noun} ${verb} */
export const register${pascal(noun)}: Register = (program, io) => {
  const ${camel(noun)} = program.command('${noun}').description('what it is about');
${registration(noun, verb)}};
`,
  };
}

function addNoun(noun) {
  const path = 'src/cli/commands.ts';
  const register = `register${pascal(noun)}`;
  const text = readFileSync(path, 'utf8')
    .replace(/(?=import type \{ Register \})/, `import { ${register} } from './${noun}/command.ts';\n`)
    .replace(/(?=\n\];)/, `\n  ${register},`);
  writeFileSync(path, text);
}

function write(files) {
  for (const path of Object.keys(files)) if (existsSync(path)) throw new Error(`${path} is there already`);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    process.stdout.write(`made ${path}\n`);
  }
}

function make([kind, ...names]) {
  if (names.some((name) => !NAME.test(name))) throw new Error('names are lower case, with dashes');
  const [first, second] = names;
  if (kind === 'phase' && names.length === 1) {
    write(phaseFiles(first));
    return 'left: its place in src/phases/recipes.ts, and what it does';
  }
  if (kind !== 'verb' || names.length !== 2)
    throw new Error('usage: node scripts/new.mjs phase NAME | verb NOUN NAME');
  if (existsSync(`src/cli/${first}/command.ts`)) {
    write(verbFiles(first, second));
    return `left: what it does, and in src/cli/${first}/command.ts\n${registration(first, second)}`;
  }
  write({ ...nounFiles(first, second), ...verbFiles(first, second) });
  addNoun(first);
  return 'left: what it does, its texts, and npm run format';
}

try {
  process.stdout.write(`${make(process.argv.slice(2))}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
