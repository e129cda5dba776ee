import { existsSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { Ending } from '../../src/host/command-error.ts';
import { type Execution, type Executor, SessionRefused } from '../../src/host/executor.ts';
import { ShellHost } from '../../src/host/shell-host.ts';
import { connectSsh } from '../../src/host/ssh/connect.ts';
import { script } from '../helpers/script.ts';
import { startSshd } from '../helpers/sshd.ts';

/** A machine whose login is not root: answers the first question by `account`, the others by `reply`. */
class Scripted implements Executor {
  readonly lostBy = new Error('read ECONNRESET');
  readonly lines: string[] = [];
  readonly #account: string;
  readonly #reply: (execution: Execution) => Promise<Ending | undefined>;

  constructor(account: string, reply: (execution: Execution) => Promise<Ending | undefined>) {
    this.#account = account;
    this.#reply = reply;
  }

  async execute(line: string, execution: Execution): Promise<Ending | undefined> {
    this.lines.push(line);
    if (this.lines.length > 1) return this.#reply(execution);
    execution.onStdout(Buffer.from(`kboot-account\n${this.#account}\n`));
    return { exitCode: 0 };
  }

  executeBeside(line: string, execution: Execution): Promise<Ending | undefined> {
    return this.execute(line, execution);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

const open = (executor: Executor): Promise<ShellHost> =>
  ShellHost.open({ name: 'node1', user: 'ada', executor, commandTimeoutMs: 1_000 });

test('asks for root only for commands that need it', async () => {
  const executor = new Scripted('sudo', async () => ({ exitCode: 0 }));
  const host = await open(executor);
  await host.query({ argv: ['id', '-un'] });
  await host.query({ argv: ['id', '-u'], sudo: true });
  await host.writeFile('/etc/x', 'x', 0o600);
  expect(executor.lines.map((line) => line.includes('sudo -n env PATH='))).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

test('runs nothing that needs root where root is not to be had', async () => {
  const executor = new Scripted('sudo: a password is required', async () => ({ exitCode: 0 }));
  const host = await open(executor);
  const refused = { code: 'SUDO_REFUSED', message: expect.stringContaining('a password is required') };
  await expect(host.change({ argv: ['reboot'], sudo: true })).rejects.toMatchObject(refused);
  await expect(host.hold({ argv: ['lock'], sudo: true })).rejects.toMatchObject(refused);
  await expect(host.writeFile('/etc/x', 'x', 0o600)).rejects.toMatchObject(refused);
  expect(executor.lines).toHaveLength(1);
  await host.query({ argv: ['id'] });
});

test('says when sudo begins to ask in the middle of a run', async () => {
  const executor = new Scripted('sudo', async ({ onStderr }) => {
    onStderr(Buffer.from('sudo: a password is required\n'));
    return { exitCode: 1 };
  });
  const host = await open(executor);
  await expect(host.change({ argv: ['id'], sudo: true })).rejects.toMatchObject({ code: 'SUDO_REFUSED' });
});

test('says why the connection was lost, and what was running', async () => {
  const executor = new Scripted('root', async () => undefined);
  const host = await open(executor);
  await expect(host.change({ argv: ['kubeadm', 'init'] })).rejects.toMatchObject({
    code: 'HOST_UNREACHABLE',
    message: 'node1: the connection was lost: kubeadm init',
    cause: executor.lostBy,
  });
});

test('names the option of sshd when no session is to be had', async () => {
  const executor = new Scripted('root', () => Promise.reject(new SessionRefused('open failed')));
  const host = await open(executor);
  await expect(host.query({ argv: ['id'] })).rejects.toMatchObject({
    code: 'HOST_UNREACHABLE',
    hint: expect.stringContaining('MaxSessions'),
  });
});

test('keeps a secret out of the message of an error', async () => {
  const executor = new Scripted('root', async ({ onStderr }) => {
    onStderr(Buffer.from('bad token abcdef.0123456789abcdef\n'));
    return { exitCode: 1 };
  });
  const host = await open(executor);
  const command = { argv: ['kubeadm', 'token'], secretOutput: true } as const;
  await expect(host.change(command)).rejects.toMatchObject({ message: 'node1: exit code 1: kubeadm token' });
});

test.each(['/usr/bin/fish', '/bin/csh'].filter((shell) => existsSync(shell)))(
  'works where %s is the login shell',
  async (shell) => {
    // What sshd does for a login with that shell.
    const sshd = await startSshd({ config: [`ForceCommand exec ${shell} -c "$SSH_ORIGINAL_COMMAND"`] });
    try {
      await using host = await connectSsh(
        { name: 'node1', address: '127.0.0.1', port: sshd.port, user: 'root' },
        { env: { HOME: sshd.home } },
      );
      const words = ["it's", '\\', '!!', 'two\nlines', '$HOME', 'é'];
      const { stdout } = await host.query(script('printf "%s\\0" "$@"', ...words));
      expect(stdout.split('\0').slice(0, -1)).toEqual(words);
      await host.writeFile(`${sshd.folder}/written`, "it's\n\\!", 0o600);
      expect((await host.query({ argv: ['cat', `${sshd.folder}/written`] })).stdout).toBe("it's\n\\!");
    } finally {
      sshd.stop();
    }
  },
);

test('says that the startup files of a login print something', async () => {
  const sshd = await startSshd({ config: ['ForceCommand echo Welcome; eval "$SSH_ORIGINAL_COMMAND"'] });
  try {
    await expect(
      connectSsh(
        { name: 'node1', address: '127.0.0.1', port: sshd.port, user: 'root' },
        { env: { HOME: sshd.home } },
      ),
    ).rejects.toMatchObject({ code: 'HOST_UNREACHABLE', message: 'node1: the login shell printed: Welcome' });
  } finally {
    sshd.stop();
  }
});

test('keeps what a failed command with secret output printed out of the error', async () => {
  const executor = new Scripted('root', async ({ onStdout, onStderr }) => {
    onStdout(Buffer.from('abcdef.0123456789abcdef'));
    onStderr(Buffer.from('token abcdef.0123456789abcdef'));
    return { exitCode: 1 };
  });
  const host = await open(executor);
  const error = await host
    .query({ argv: ['kubeadm'], secretOutput: true })
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'COMMAND_FAILED', exitCode: 1 });
  expect(inspect(error, { depth: 5 })).not.toContain('abcdef');
});

test.each([
  ['a program', 'head: error writing: No space left on device'],
  ['a program in Go', 'ctr: write /var/lib/containerd/x: no space left on device'],
  ['a shell, which only knows that it could not write', 'kboot: 20: printf: printf: I/O error'],
])('says what to do about a full disk, of which %s tells', async (_who, text) => {
  const host = await open(
    new Scripted('root', async ({ onStderr }) => {
      onStderr(Buffer.from(`${text}\n`));
      return { exitCode: 1 };
    }),
  );
  await expect(host.change({ argv: ['head'] })).rejects.toMatchObject({
    hint: expect.stringContaining('free some space on node1'),
  });
});

test.each([
  ['standard output', 'yes'],
  ['standard error', 'yes >&2'],
])('stops a command that prints to %s without end, in bounded memory', async (_where, endless) => {
  const sshd = await startSshd();
  try {
    await using host = await connectSsh(
      { name: 'cp-1', address: '127.0.0.1', port: sshd.port, user: 'root' },
      { env: { HOME: sshd.home } },
    );
    const before = process.memoryUsage().rss;
    await expect(host.query(script(`${endless} # ${sshd.port}`))).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringContaining('cp-1: printed more than 64 MiB and was stopped'),
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(512 * 1024 * 1024);
    // The connection is still of use, and nothing goes on printing.
    const left = script(`! pgrep -fx 'yes' || sleep 3; ! pgrep -fx 'yes'; echo over`);
    await expect(host.query(left)).resolves.toMatchObject({ stdout: expect.stringContaining('over') });
  } finally {
    sshd.stop();
  }
});
