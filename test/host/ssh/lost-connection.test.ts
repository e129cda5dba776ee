import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Host } from '../../../src/host/host.ts';
import { connectSsh, type SshOptions } from '../../../src/host/ssh/connect.ts';
import { script } from '../../helpers/script.ts';
import { kill, type Sshd, startSshd } from '../../helpers/sshd.ts';

let sshd: Sshd;
let host: Host;
let folder: string;
const unhandled: unknown[] = [];
const remember = (error: unknown): void => void unhandled.push(error);

beforeAll(async () => {
  process.on('unhandledRejection', remember);
  process.on('uncaughtException', remember);
  sshd = await startSshd();
});
afterAll(() => {
  process.off('unhandledRejection', remember);
  process.off('uncaughtException', remember);
  sshd.stop();
});
const open = (more: Partial<SshOptions> = {}): Promise<Host> =>
  connectSsh(
    { name: 'node1', address: '127.0.0.1', port: sshd.port, user: 'root' },
    { env: { HOME: sshd.home }, ...more },
  );
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kboot-lost-'));
  host = await open();
});
afterEach(async () => {
  await host[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
  expect(unhandled).toEqual([]);
});

/** Takes the server's end of the connection away, as a machine that loses its power does. */
const cut = (): void => {
  for (const pid of sshd.connections()) kill(pid);
};
const LOST = {
  code: 'HOST_UNREACHABLE',
  host: 'node1',
  message: expect.stringContaining('the connection was lost'),
};

describe('a lost connection is never a success', () => {
  test('in the middle of a command', async () => {
    const running = host.change(script('echo half; sleep 30'));
    setTimeout(cut, 150);
    await expect(running).rejects.toMatchObject({
      ...LOST,
      message: 'node1: the connection was lost: kboot',
      hint: expect.stringContaining('run the same command'),
    });
  });

  test('while data goes in', async () => {
    const stdin = new Readable({
      read() {
        this.push(Buffer.alloc(65_536));
      },
    });
    const running = host.change({ argv: ['sh', '-c', 'cat >/dev/null'], stdin });
    setTimeout(cut, 200);
    await expect(running).rejects.toMatchObject(LOST);
    expect(stdin.destroyed).toBe(true);
  });

  test('while idle: the next command says so', async () => {
    cut();
    await delay(100);
    await expect(host.query({ argv: ['true'] })).rejects.toMatchObject(LOST);
    await expect(host.hold(script('echo held; cat'))).rejects.toMatchObject(LOST);
    await expect(host.writeFile(join(folder, 'x'), 'x', 0o600)).rejects.toMatchObject(LOST);
  });

  test('for every command that runs', async () => {
    const running = Array.from({ length: 12 }, () => host.change({ argv: ['sleep', '30'] }));
    setTimeout(cut, 200);
    for (const outcome of await Promise.allSettled(running)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: LOST });
    }
  });

  test('after the connection was let go', async () => {
    await host[Symbol.asyncDispose]();
    await expect(host.query({ argv: ['true'] })).rejects.toMatchObject(LOST);
  });

  test('also when the machine just stops answering', async () => {
    await using watchful = await open({ keepaliveMs: 100 });
    const frozen = sshd.connections();
    const running = watchful.change({ argv: ['sleep', '30'] });
    running.catch(() => {});
    await delay(100);
    for (const pid of frozen) process.kill(pid, 'SIGSTOP');
    await expect(running).rejects.toMatchObject(LOST);
    for (const pid of frozen) process.kill(pid, 'SIGCONT');
  });
});

test('a machine that hangs does not hold up a time limit, nor the farewell', async () => {
  const frozen = sshd.connections();
  for (const pid of frozen) process.kill(pid, 'SIGSTOP');
  await expect(host.query({ argv: ['true'], timeoutMs: 200 })).rejects.toMatchObject({ code: 'TIMED_OUT' });
  for (const pid of frozen) kill(pid);
  await host[Symbol.asyncDispose]();
});

test('what was held ends with the connection', async () => {
  const lock = { argv: ['flock', '-n', join(folder, 'lock'), 'sh', '-c', 'echo mine; cat'] } as const;
  const held = await host.hold(lock);
  cut();
  await held[Symbol.asyncDispose]();
  await using second = await open();
  await expect
    .poll(async () => {
      await using again = await second.hold(lock).catch(() => undefined);
      return again?.firstLine;
    })
    .toBe('mine');
});

test('a file is not replaced by the half that arrived', async () => {
  const path = join(folder, 'file');
  await host.writeFile(path, 'complete', 0o600);
  const running = host.writeFile(path, 'x'.repeat(50_000_000), 0o600);
  running.catch(() => {});
  await expect.poll(() => existsSync(path)).toBe(true);
  await delay(30);
  cut();
  await running.catch(() => {});
  await delay(300);
  expect([8, 50_000_000]).toContain(readFileSync(path).length);
});

test('sshd with few sessions makes commands wait for each other', async () => {
  const narrow = await startSshd({ home: sshd.home, config: ['MaxSessions 2'] });
  try {
    await using slow = await connectSsh(
      { name: 'node1', address: '127.0.0.1', port: narrow.port, user: 'root' },
      { env: { HOME: sshd.home } },
    );
    const all = await Promise.all(Array.from({ length: 6 }, () => slow.query(script('sleep 0.1; echo ok'))));
    expect(all.map(({ stdout }) => stdout)).toEqual(Array(6).fill('ok\n'));
  } finally {
    narrow.stop();
  }
});
