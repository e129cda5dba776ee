import { beforeEach, expect, test } from 'vitest';
import { LoggedHost } from '../../src/host/logged.ts';
import { FakeHost } from '../helpers/fake-host.ts';

let inner: FakeHost;
let lines: string[];
let host: LoggedHost;
beforeEach(() => {
  inner = new FakeHost('cp-1');
  lines = [];
  let now = 0;
  const clock = (): number => {
    now += 1500;
    return now;
  };
  host = new LoggedHost(inner, (line) => lines.push(line), clock);
});

test('writes the command, its output, how it ended and how long it took', async () => {
  inner.on(['ls', 'a b'], { stdout: 'one\ntwo\n', stderr: 'careful\n' });
  await host.query({ argv: ['ls', 'a b'], sudo: true });
  expect(lines).toEqual([
    "cp-1 #1 ? sudo ls 'a b'",
    'cp-1 #1 | one',
    'cp-1 #1 | two',
    'cp-1 #1 |! careful',
    'cp-1 #1 = ok after 1.500 s',
  ]);
});

test('writes why a command failed', async () => {
  inner.on(['false'], { exitCode: 3, stdout: 'partly\n', stderr: 'bad\n' });
  await expect(host.change({ argv: ['false'] })).rejects.toMatchObject({ exitCode: 3 });
  expect(lines).toEqual([
    'cp-1 #1 ! false',
    'cp-1 #1 | partly',
    'cp-1 #1 |! bad',
    'cp-1 #1 = exit code 3 after 1.500 s',
  ]);
});

test('writes other errors with their message', async () => {
  inner.on(['x'], new Error('the connection\nwas lost'));
  await expect(host.change({ argv: ['x'] })).rejects.toThrow('was lost');
  expect(lines.at(-1)).toBe('cp-1 #1 = the connection\\nwas lost after 1.500 s');
});

test('never writes what goes in, nor output that holds a secret', async () => {
  inner.on(['tee', '/x'], 'ok').on(['kubeadm', 'token', 'create'], 'abcdef.0123456789abcdef\n');
  await host.change({ argv: ['tee', '/x'], stdin: 'hunter2' });
  await host.change({ argv: ['kubeadm', 'token', 'create'], secretOutput: true });
  await host.writeFile('/etc/key', 'hunter2', 0o600);
  expect(lines).toContain('cp-1 #2 | [secret]');
  expect(lines).toContain('cp-1 #3 ! write /etc/key (mode 600, 7 bytes)');
  expect(lines.join('\n')).not.toMatch(/hunter2|abcdef/);
  expect(inner.files.get('/etc/key')).toEqual({ content: 'hunter2', mode: 0o600 });
});

test('writes no control characters', async () => {
  inner.on(['printf', '\x1b[2J'], '\x1b]0;title\x07\rdone');
  await host.query({ argv: ['printf', '\x1b[2J'] });
  expect(lines).toContain("cp-1 #1 ? printf '\\x1b[2J'");
  expect(lines).toContain('cp-1 #1 | \\x1b]0;title\\x07\\x0ddone');
});

test('tells commands that run at the same time apart', async () => {
  inner.on(['a'], 'A').on(['b'], 'B');
  await Promise.all([host.query({ argv: ['a'] }), host.query({ argv: ['b'] })]);
  expect(lines).toEqual(expect.arrayContaining(['cp-1 #1 | A', 'cp-1 #2 | B']));
});

test('writes what is held and when it is let go', async () => {
  inner.on(['lock'], 'mine\n');
  const held = await host.hold({ argv: ['lock'] });
  expect(held.firstLine).toBe('mine');
  await held[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  expect(lines.filter((line) => line.includes('!'))).toEqual([
    'cp-1 #1 ! hold lock',
    'cp-1 #2 ! let go lock',
  ]);
  expect(inner.transcript).toEqual(['hold lock', 'let go lock']);
  expect(inner.disposed).toBe(true);
});
