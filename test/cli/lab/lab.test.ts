import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { registerLab } from '../../../src/cli/lab/command.ts';
import { main } from '../../../src/cli/main.ts';
import { useLab } from '../../helpers/lab.ts';
import { describeE2e } from '../../helpers/require-e2e.ts';

/** Runs `kboot lab ...` and collects what it writes. */
async function kbootLab(argv: readonly string[], cwd = '/', env: Record<string, string | undefined> = {}) {
  const texts = { stdout: '', stderr: '' };
  const into = (name: keyof typeof texts) =>
    new Writable({
      write(chunk, _encoding, done) {
        texts[name] += String(chunk);
        done();
      },
    });
  const [stdout, stderr] = [into('stdout'), into('stderr')];
  const io = { argv: ['lab', ...argv], env, cwd, home: cwd, stdin: process.stdin, stdout, stderr };
  const exitCode = await main({ ...io, signal: new AbortController().signal }, async () => [registerLab]);
  return { exitCode, ...texts };
}

test.each([
  [['up', '--nodes', 'two'], 'A whole number is expected.'],
  [['up', '--nodes', '-1'], 'A whole number is expected.'],
  [['ssh'], "missing required argument 'machine'"],
  [['status', '--jsno'], "unknown option '--jsno'"],
])('kboot lab %j is refused', async (argv, message) => {
  const { exitCode, stderr } = await kbootLab(argv);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
});

describeE2e('kboot lab', () => {
  const own = useLab({ nodes: 0 });
  const run = (...argv: readonly string[]) => {
    const [verb = '', ...others] = argv;
    return kbootLab([verb, '--name', own.lab.name, ...others], own.folder, own.context.env);
  };

  test('up: the machines on standard output, what to do next on standard error', async () => {
    const { exitCode, stdout, stderr } = await run('up');
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      `MACHINE             ROLE    ADDRESS\nmaster.example.com  master  ${own.lab.machines[0]?.address}\n`,
    );
    expect(stderr).toContain(`lab ${own.lab.name} was up already: no changes`);
    expect(stderr).toContain(`kboot lab down --name ${own.lab.name}`);
  });

  test('up keeps a kboot.yaml that is not its own, and prints what belongs into it', async () => {
    const other = join(own.folder, 'other.yaml');
    await writeFile(other, '# mine\n');
    const { exitCode, stdout, stderr } = await kbootLab(
      ['--file', other, 'up', '--name', own.lab.name],
      own.folder,
      own.context.env,
    );
    expect(exitCode).toBe(0);
    expect(await readFile(other, 'utf8')).toBe('# mine\n');
    expect(stderr).toContain(`${other} is there already and was left as it is`);
    expect(stdout).toContain(own.lab.clusterFile.text);
  });

  test('up does not make machines of another kind of those that are there', async () => {
    const { exitCode, stderr } = await run('up', '--image-based');
    expect(exitCode).toBe(14);
    expect(stderr).toContain('was made with other options');
  });

  test('status, for people and for programs', async () => {
    const machine = own.lab.machines[0];
    expect((await run('status')).stdout).toBe(
      `MACHINE             ROLE    ADDRESS${' '.repeat(Math.max(0, (machine?.address.length ?? 0) - 7))}  KIND      STATE\n` +
        `master.example.com  master  ${machine?.address}  ordinary  running\n`,
    );
    expect(JSON.parse((await run('status', '--json')).stdout)).toEqual({
      name: own.lab.name,
      machines: [
        {
          name: 'master.example.com',
          role: 'master',
          address: machine?.address,
          kind: 'ordinary',
          state: 'running',
        },
      ],
      sshConfig: own.lab.files.sshConfig,
    });
  });

  test('ssh ends as what ran on the machine did', async () => {
    expect((await run('ssh', 'master', '--', 'true')).exitCode).toBe(0);
    const failed = await run('ssh', 'master', '--', 'sh', '-c', 'test "$0" = "a  b" && exit 7', 'a  b');
    expect(failed).toEqual({ exitCode: 7, stdout: '', stderr: '' });
  });

  test('ssh to a machine that is not there', async () => {
    const { exitCode, stderr } = await run('ssh', 'node9');
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`lab ${own.lab.name} has no machine node9`);
    expect(stderr).toContain('it has master.example.com');
  });

  test('status of a lab that is not there', async () => {
    const { exitCode, stdout, stderr } = await kbootLab(['status', '--name', 'nobody'], own.folder);
    expect([exitCode, stdout]).toEqual([0, '']);
    expect(stderr).toContain('lab nobody: not up; kboot lab up --name nobody starts it\n');
  });
});
