import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { main } from '../../src/cli/main.ts';
import { type Register, type Run, runVerb, type VerbResult, withoutValues } from '../../src/cli/verb.ts';
import { type ErrorCode, EXIT_CODES, KbootError } from '../../src/lib/errors.ts';
import { testIo } from '../helpers/io.ts';

let home = '';
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'kboot-main-'));
});
afterEach(() => rm(home, { recursive: true }));

/** A program whose only verb is `work`, which does this. */
const doing = (task: (run: Run) => Promise<VerbResult>) => async (): Promise<readonly Register[]> => [
  (program, io) => {
    program.command('work').action((_options, command) => runVerb(io, command, task));
  },
];

const nothing = doing(async () => ({}));

/** Runs a command line and gives back what a user and a script see. */
async function run(argv: readonly string[], commands = nothing, overrides = {}) {
  const io = testIo(argv, { home, cwd: '/work', ...overrides });
  const code = await main(io, commands);
  return { code, stdout: io.stdout.text, stderr: io.stderr.text };
}

const logs = () => readdir(join(home, '.local/state/kboot/logs')).catch(() => []);

test.each(['--version', '-V'])('%s prints the version and loads no verb', async (flag) => {
  const failing = () => Promise.reject(new Error('verbs were loaded'));
  expect(await run([flag], failing)).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' });
});

describe('wrong usage', () => {
  it.each([
    [['wrok'], "kboot: unknown command 'wrok'\n(Did you mean work?)\n"],
    [['work', '--evnets'], "kboot: unknown option '--evnets'\n(Did you mean --events?)\n"],
    [['work', 'too', 'many'], 'kboot: too many arguments'],
    [['work', '--file'], "kboot: option '-f, --file <path>' argument missing\n"],
  ])('%j exits with 2 and says what is meant', async (argv, message) => {
    const { code, stdout, stderr } = await run(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(await logs()).toEqual([]);
  });

  it('is one JSON object with --events', async () => {
    const { code, stderr } = await run(['work', '--events', '--evnets']);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({
      type: 'error',
      code: 'USAGE',
      message: "unknown option '--evnets'\n(Did you mean --events?)",
    });
  });

  it('is plain text when --events belongs to another program', async () => {
    const { code, stderr } = await run(['work', '--', '--events']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^kboot: too many arguments/);
  });

  it('shows the help on stderr when no verb is given', async () => {
    const { code, stdout, stderr } = await run([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: kboot');
  });
});

test('--help goes to stdout with exit code 0', async () => {
  const { code, stdout, stderr } = await run(['work', '--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('--log-file <path>');
});

test('--help shows the defaults that say something', async () => {
  const commands = async (): Promise<readonly Register[]> => [
    (program) => {
      program
        .command('work')
        .option('--hard', 'work hard', false)
        .option('--days <number>', 'how long', '5')
        .option('--on <day>', 'again for each day', (day: string, days: string[]) => [...days, day], []);
    },
  ];
  const { stdout } = await run(['work', '--help'], commands);
  expect(stdout).toMatch(/how long \(default: "5"\)$/m);
  expect(stdout).toMatch(/work hard$/m);
  expect(stdout).toMatch(/again for each day$/m);
});

test('a verb gets the cluster file as an absolute path, and its result is on stdout alone', async () => {
  const result = await run(
    ['-f', 'sub/c.yaml', 'work'],
    doing(async ({ file, verb }) => ({ output: `${verb} ${file}\n` })),
  );
  expect(result).toEqual({ code: 0, stdout: 'work /work/sub/c.yaml\n', stderr: '' });
});

describe('a failing verb', () => {
  const throwing = (error: unknown) => doing(() => Promise.reject(error));

  it('tells what, what to do and where the log is, and the log has the stack', async () => {
    const cause = new Error('the cause');
    const error = new KbootError('COMMAND_FAILED', 'm: exit code 1: kubeadm init\nport 6443 is in use', {
      host: 'm',
      hint: 'kboot reset m',
      cause,
    });
    const { code, stdout, stderr } = await run(['work'], throwing(error));
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' });
    const [log] = await logs();
    const path = join(home, '.local/state/kboot/logs', log ?? '');
    expect(stderr).toBe(
      `kboot: m: exit code 1: kubeadm init\nport 6443 is in use\nto do: kboot reset m\nfull log: ${path}\n`,
    );
    const text = await readFile(path, 'utf8');
    expect(text).toContain('kboot work\n');
    expect(text).toContain('the cause');
    expect(text).toMatch(/main\.test\.ts:\d+/);
  });

  it('says that a bug is one', async () => {
    const { code, stderr } = await run(['work'], throwing(new TypeError('x is undefined')));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^kboot: TypeError: x is undefined\nThis is a bug in kboot.*\nfull log: .*\n$/);
  });

  it('lists the failure of every machine, in order', async () => {
    const errors = ['b', 'a'].map(
      (host) => new KbootError('TIMED_OUT', `${host}: too slow`, { host, hint: `fix ${host}` }),
    );
    const { code, stderr } = await run(['work'], throwing(new AggregateError(errors, '2 failures')));
    expect(code).toBe(10);
    expect(stderr.split('\n').slice(0, 5)).toEqual([
      'kboot: 2 failures',
      '  b: too slow',
      '    to do: fix b',
      '  a: too slow',
      '    to do: fix a',
    ]);
  });

  it('counts as a bug when one of several failures is one', async () => {
    const errors = [new KbootError('TIMED_OUT', 'a: too slow'), new TypeError('x')];
    expect((await run(['work'], throwing(new AggregateError(errors, '2 failures')))).code).toBe(1);
  });

  it.each(Object.keys(EXIT_CODES) as ErrorCode[])('exits with the code of %s', async (code) => {
    expect((await run(['work'], throwing(new KbootError(code, 'x')))).code).toBe(EXIT_CODES[code]);
  });

  it('escapes what a machine said', async () => {
    const error = new KbootError('COMMAND_FAILED', 'm: \u001b[2Jgone');
    expect((await run(['work'], throwing(error))).stderr).toContain('kboot: m: \\x1b[2Jgone\n');
  });

  it('escapes what a machine said in --events too, and says the same', async () => {
    const said = 'm: \u009b2J \u202e \u{e0041}';
    const commands = doing(async ({ report }) => {
      report({ type: 'note', text: said });
      throw new KbootError('COMMAND_FAILED', said);
    });
    const { stderr } = await run(['work', '--events'], commands);
    expect(stderr).not.toMatch(/[\u0080-\u009f\u202e\u{e0041}]/u);
    const [note, error] = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect([note.text, error.message]).toEqual([said, said]);
  });

  it('keeps --events one JSON object a line', async () => {
    const part = new KbootError('TIMED_OUT', 'b: too slow', { host: 'b', hint: 'wait' });
    const commands = doing(async ({ report }) => {
      report({ type: 'run-start', verb: 'work', hosts: ['a', 'b'] });
      throw new AggregateError([part, new TypeError('x')], '2 failures');
    });
    const { stderr } = await run(['work', '--events'], commands);
    const events = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ type }) => type)).toEqual(['run-start', 'run-end', 'error']);
    expect(events[1]).toMatchObject({ ok: false });
    expect(events[2]).toEqual({
      type: 'error',
      code: 'SOME_HOSTS_FAILED',
      message: '2 failures',
      log: expect.stringContaining(home),
      failures: [
        { type: 'error', code: 'TIMED_OUT', message: 'b: too slow', host: 'b', hint: 'wait' },
        { type: 'error', code: 'BUG', message: 'x' },
      ],
    });
  });
});

test('a cancelled run says how to go on, whatever broke when it was cancelled', async () => {
  const controller = new AbortController();
  const reason = new KbootError('CANCELLED', 'stopped by Ctrl-C', { hint: 'run it again' });
  const commands = doing(async ({ report }) => {
    report({ type: 'run-start', verb: 'work', hosts: ['a'] });
    controller.abort(reason);
    throw new Error('a stream ended');
  });
  const { code, stderr } = await run(['work'], commands, { signal: controller.signal });
  expect(code).toBe(130);
  expect(stderr).toMatch(
    /note stopping cleanly[\s\S]*\nkboot: stopped by Ctrl-C\nto do: run it again\nfull log: /,
  );
  expect(stderr).not.toContain('a stream ended');
});

test('the exit code of a program that a verb ran is passed on, with the result', async () => {
  const { code, stdout, stderr } = await run(
    ['work'],
    doing(async () => ({ exitCode: 7, output: 'what it printed\n' })),
  );
  expect({ code, stdout, stderr }).toEqual({ code: 7, stdout: 'what it printed\n', stderr: '' });
});

describe('the log', () => {
  it.each([
    [['a', '--set', 'K=secret'], 'a --set K=...'],
    [['a', '--set=K=se=cret', 'b=c'], 'a --set=K=... b=c'],
    [['a', '--set', 'odd', '--set'], 'a --set odd --set'],
  ])('does not hold the values of %j', (argv, shown) => {
    expect(withoutValues(argv).join(' ')).toBe(shown);
  });

  it('goes where --log-file says, after what is there', async () => {
    const path = join(home, 'my.log');
    await run(['work', '--log-file', path]);
    await run(['work', '--log-file', path]);
    expect((await readFile(path, 'utf8')).match(/kboot work --log-file/g)).toHaveLength(2);
    expect(await logs()).toEqual([]);
  });

  it('says what to do when it cannot be written', async () => {
    const { code, stderr } = await run(['work'], nothing, { home: '/dev/null' });
    expect(code).toBe(15);
    expect(stderr).toContain('to do: name another place with --log-file PATH');
  });
});
