import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Command } from '../../src/host/command.ts';
import type { Host } from '../../src/host/host.ts';
import { openLocalHost } from '../../src/host/local.ts';
import { connectSsh } from '../../src/host/ssh/connect.ts';
import { FakeHost, type Reply } from '../helpers/fake-host.ts';
import { script } from '../helpers/script.ts';
import { type Sshd, startSshd } from '../helpers/sshd.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

/** What the fake has to be told so that it behaves like a real machine does by itself. */
const FORESEEN: [Command, Reply][] = [];

const hosts: Record<string, () => Promise<Host>> = {
  FakeHost: async () => {
    const host = new FakeHost('cp-1');
    for (const [command, reply] of FORESEEN) host.on(command.argv, reply);
    return host;
  },
  LocalHost: () => openLocalHost('cp-1'),
  SshHost: () =>
    connectSsh(
      { name: 'cp-1', address: '127.0.0.1', port: sshd.port, user: 'root' },
      { env: { HOME: sshd.home } },
    ),
};

/** Writes a command down together with what the fake is told about it. */
function foreseen(command: Command, reply: Reply): Command {
  FORESEEN.push([command, reply]);
  return command;
}

const ECHO = foreseen({ argv: ['printf', '%s', 'é€😀\n'] }, 'é€😀\n');
const UNTRIMMED = foreseen(script(`printf '\\n  a \\n\\n'; printf ' b\\n' >&2`), {
  stdout: '\n  a \n\n',
  stderr: ' b\n',
});
const BYTEWISE = foreseen(
  script(`for byte in '\\303' '\\251' '\\342' '\\202' '\\254'; do printf "$byte"; sleep 0.02; done`),
  'é€',
);
const FAILS = foreseen(script('echo out; echo first >&2; echo "last line" >&2; exit 7'), {
  exitCode: 7,
  stdout: 'out\n',
  stderr: 'first\nlast line\n',
});
const KILLED = foreseen(script('kill -TERM $$; sleep 5'), { signal: 'SIGTERM' });
const MISSING = foreseen({ argv: ['no-such-program-here'] }, { exitCode: 127, stderr: 'not found\n' });
const CAT = foreseen({ argv: ['cat'] }, (_command, stdin) => stdin);
const COUNT = foreseen({ argv: ['wc', '-c'] }, (_command, stdin) => `${Buffer.byteLength(stdin)}\n`);
const IGNORES_STDIN = foreseen({ argv: ['true'] }, '');
const HANGS = foreseen({ argv: ['sleep', '60'] }, () => new Promise<Reply>(() => {}));
const HOLDS = foreseen(script('echo held; cat >/dev/null'), 'held\n');
const HOLDS_NOT = foreseen(script('echo busy >&2; exit 3'), { exitCode: 3, stderr: 'busy\n' });

describe.each(Object.keys(hosts))('%s', (kind) => {
  let host: Host;
  beforeEach(async () => {
    host = await (hosts[kind] as () => Promise<Host>)();
  });
  afterEach(() => host[Symbol.asyncDispose]());

  test('has the name from kboot.yaml', () => {
    expect(host.name).toBe('cp-1');
  });

  test('gives UTF-8 back', async () => {
    expect(await host.query(ECHO)).toEqual({ stdout: 'é€😀\n', stderr: '' });
  });

  test('joins characters that arrive in pieces', async () => {
    expect((await host.query(BYTEWISE)).stdout).toBe('é€');
  });

  test('gives both outputs whole and untrimmed', async () => {
    expect(await host.change(UNTRIMMED)).toEqual({ stdout: '\n  a \n\n', stderr: ' b\n' });
  });

  test('throws the exit code, both outputs and the last line of stderr', async () => {
    await expect(host.change(FAILS)).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      host: 'cp-1',
      exitCode: 7,
      stdout: 'out\n',
      stderr: 'first\nlast line\n',
      message: expect.stringMatching(/^cp-1: exit code 7: kboot\nlast line$/),
    });
  });

  test('tells a command that was killed from one that failed', async () => {
    await expect(host.change(KILLED)).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      exitCode: undefined,
      message: expect.stringContaining('cp-1: killed by SIGTERM: kboot'),
    });
  });

  test('says that a program is not there', async () => {
    await expect(host.query(MISSING)).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      exitCode: 127,
      message: expect.stringMatching(/no-such-program-here\n.*not found/),
    });
  });

  test.each([
    ['a string', () => 'é\0\n' as const],
    ['bytes', () => Buffer.from('xxé\0\n').subarray(2)],
    ['a view of bytes', () => new Uint8Array(new TextEncoder().encode('xxé\0\n').buffer, 2, 4)],
    ['a stream', () => Readable.from([Buffer.from([0xc3]), Buffer.from([0xa9, 0x00]), Buffer.from('\n')])],
  ])('takes %s for standard input', async (_kind, make) => {
    expect((await host.query({ ...CAT, stdin: make() })).stdout).toBe('é\0\n');
  });

  test('gives an empty standard input when there is none', async () => {
    expect((await host.query(COUNT)).stdout).toBe('0\n');
  });

  test('takes a long string for standard input', async () => {
    expect((await host.change({ ...COUNT, stdin: 'x'.repeat(5_000_000) })).stdout).toBe('5000000\n');
  });

  test('does not wait for a command to read its input', async () => {
    await host.change({ ...IGNORES_STDIN, stdin: 'x'.repeat(5_000_000) });
    await host.change({ ...IGNORES_STDIN, stdin: Readable.from([Buffer.alloc(5_000_000)]) });
  });

  test('passes on the error of a stream', async () => {
    const broken = new Readable({
      read() {
        this.push('some');
        this.destroy(new Error('disk on fire'));
      },
    });
    await expect(host.change({ ...CAT, stdin: broken })).rejects.toThrow('disk on fire');
  });

  test('rejects with the reason of a signal', async () => {
    const controller = new AbortController();
    const reason = new Error('the operator said so');
    const running = host.change(HANGS, controller.signal);
    setTimeout(() => controller.abort(reason), 50);
    await expect(running).rejects.toBe(reason);
  });

  test('starts nothing when the signal has aborted before', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(host.query(ECHO, signal)).rejects.toThrow('too late');
    await expect(host.change(ECHO, signal)).rejects.toThrow('too late');
    await expect(host.hold(HOLDS, signal)).rejects.toThrow('too late');
    await expect(host.writeFile('/dev/null', '', 0o600, signal)).rejects.toThrow('too late');
  });

  test('runs several commands at a time', async () => {
    const all = await Promise.all(Array.from({ length: 30 }, () => host.query(ECHO)));
    expect(all.every(({ stdout }) => stdout === 'é€😀\n')).toBe(true);
  });

  test('holds a command until it is let go', async () => {
    const held = await host.hold(HOLDS);
    expect(held.firstLine).toBe('held');
    await host.query(ECHO);
    await held[Symbol.asyncDispose]();
  });

  test('says why a command could not be held', async () => {
    await expect(host.hold(HOLDS_NOT)).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      exitCode: 3,
      message: expect.stringContaining('\nbusy'),
    });
  });

  test('refuses to write to a relative path', async () => {
    await expect(host.writeFile('relative', '', 0o600)).rejects.toThrow(TypeError);
  });
});
