import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Host } from '../../src/host/host.ts';
import { openLocalHost } from '../../src/host/local.ts';
import { connectSsh } from '../../src/host/ssh/connect.ts';
import { script } from '../helpers/script.ts';
import { type Sshd, startSshd } from '../helpers/sshd.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const hosts = {
  LocalHost: () => openLocalHost('cp-1'),
  SshHost: () =>
    connectSsh(
      { name: 'cp-1', address: '127.0.0.1', port: sshd.port, user: 'root' },
      { env: { HOME: sshd.home } },
    ),
};

describe.each(['LocalHost', 'SshHost'] as const)('%s', (kind) => {
  let host: Host;
  let folder: string;
  beforeEach(async () => {
    host = await hosts[kind]();
    folder = mkdtempSync(join(tmpdir(), 'kboot-contract-'));
  });
  afterEach(async () => {
    await host[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test('gives a command up at its time limit, with what it said last', async () => {
    const stuck = { ...script('echo "still waiting" >&2; sleep 60'), timeoutMs: 1_500 };
    await expect(host.change(stuck)).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringMatching(/^cp-1: not finished after 1.5 s: kboot\nstill waiting$/),
    });
  });

  test.each([
    ['by the time limit', { timeoutMs: 150 }, undefined],
    ['by a signal', {}, 150],
  ])('ends what a command started when it is given up %s', async (_how, limits, abortAfter) => {
    const pidFile = join(folder, 'pid');
    const command = { ...script('sh -c \'echo $$ >"$1"; exec sleep 60\' x "$1" & wait', pidFile), ...limits };
    await host
      .change(command, abortAfter === undefined ? undefined : AbortSignal.timeout(abortAfter))
      .catch(() => {});
    await host[Symbol.asyncDispose]();
    expect(isRunning(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
  });

  test('streams 64 MB without holding them', async () => {
    let produced = 0;
    const chunk = Buffer.alloc(65_536, 'x');
    const stdin = new Readable({
      read() {
        produced += chunk.length;
        this.push(produced <= 64 * 2 ** 20 ? chunk : null);
      },
    });
    // The command starts to read late: what was taken from the source until then is what is held.
    let atStart = 0;
    setTimeout(() => {
      atStart = produced;
    }, 1_500);
    const { stdout } = await host.change({ ...script('sleep 2; wc -c'), stdin });
    expect(stdout).toBe(`${64 * 2 ** 20}\n`);
    expect(atStart).toBeGreaterThan(0);
    expect(atStart).toBeLessThan(10 * 2 ** 20);
  });

  test('ends with the command when that stops reading, and lets the stream go', async () => {
    const stdin = new Readable({
      read() {
        this.push(Buffer.alloc(65_536));
      },
    });
    await expect(host.change({ ...script('head -c 10 >/dev/null; exit 9'), stdin })).rejects.toMatchObject({
      exitCode: 9,
    });
    expect(stdin.destroyed).toBe(true);
  });

  test('refuses a stream that was read before', async () => {
    const stdin = Readable.from(['once']);
    await host.change({ argv: ['cat'], stdin });
    await expect(host.change({ argv: ['cat'], stdin })).rejects.toThrow(TypeError);
  });

  test('writes a file with its mode, and makes its folders', async () => {
    const path = join(folder, "a folder/it's/file");
    await host.writeFile(path, 'é\0\n', 0o640);
    expect(readFileSync(path, 'utf8')).toBe('é\0\n');
    expect(statSync(path).mode & 0o7777).toBe(0o640);
    expect(statSync(join(folder, 'a folder')).mode & 0o7777).toBe(0o755);
  });

  test('replaces a file as a whole and leaves nothing beside it', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'old content, and longer', { mode: 0o644 });
    const { ino } = statSync(path);
    await host.writeFile(path, 'new', 0o600);
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(statSync(path).mode & 0o7777).toBe(0o600);
    expect(statSync(path).ino).not.toBe(ino);
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('does not write into a folder of that name', async () => {
    await host.change({ argv: ['mkdir', join(folder, 'taken')] });
    await expect(host.writeFile(join(folder, 'taken'), 'x', 0o600)).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
    });
    expect(readdirSync(folder)).toEqual(['taken']);
    expect(readdirSync(join(folder, 'taken'))).toEqual([]);
  });

  test('keeps what it holds from others until it is let go', async () => {
    const lock = { argv: ['flock', '-n', join(folder, 'lock'), 'sh', '-c', 'echo mine; cat'] } as const;
    const held = await host.hold(lock);
    expect(held.firstLine).toBe('mine');
    await expect(host.hold(lock)).rejects.toMatchObject({ code: 'COMMAND_FAILED', exitCode: 1 });
    await held[Symbol.asyncDispose]();
    await using again = await host.hold(lock);
    expect(again.firstLine).toBe('mine');
  });

  test('does not wait for ever for something to hold', async () => {
    await expect(host.hold({ ...script('sleep 60'), timeoutMs: 100 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
    });
  });
});

function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
