import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { userInfo } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { STREAM_MARK } from '../../src/host/command.ts';
import type { Host } from '../../src/host/host.ts';
import { connectSsh } from '../../src/host/ssh/connect.ts';
import { ExclusiveHost } from '../../src/session/exclusive-host.ts';
import { lockHost } from '../../src/session/lock.ts';
import { FakeHost } from '../helpers/fake-host.ts';
import { expectRightOrClear } from '../helpers/hostile.ts';
import { script } from '../helpers/script.ts';
import { freePort, type Sshd, startSshd } from '../helpers/sshd.ts';

/** Passes bytes on to sshd, until it falls silent: nothing arrives, nobody hangs up; what was sent comes afterwards. */
class SilentProxy {
  #silent = false;
  readonly #kept: (() => void)[] = [];
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  constructor(port: number, to: number) {
    this.#server = createServer((client) => {
      const server = connect(to, '127.0.0.1');
      this.#sockets.push(client, server);
      client.on('data', (chunk) => this.#pass(server, chunk));
      server.on('data', (chunk) => this.#pass(client, chunk));
      for (const socket of [client, server]) socket.on('error', () => {});
    }).listen(port, '127.0.0.1');
  }

  set silent(silent: boolean) {
    this.#silent = silent;
    if (!silent) for (const send of this.#kept.splice(0)) send();
  }

  #pass(to: Socket, chunk: Buffer): void {
    if (this.#silent) this.#kept.push(() => to.write(chunk));
    else to.write(chunk);
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

const SILENCE_S = 2;

describe.skipIf(userInfo().uid !== 0)('the lock of a machine', () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());

  let proxy: SilentProxy;
  const hosts: Host[] = [];
  const open = async (port: number): Promise<Host> => {
    const host = await connectSsh(
      { name: 'm', address: '127.0.0.1', port, user: 'root' },
      { env: { HOME: sshd.home }, sshConfigFile: '/dev/null', keepaliveMs: 600_000 },
    );
    hosts.push(host);
    return host;
  };
  let proxied = 0;
  beforeEach(async () => {
    proxied = await freePort();
    proxy = new SilentProxy(proxied, sshd.port);
  });
  afterEach(async () => {
    proxy.stop();
    await Promise.all(hosts.splice(0).map((host) => host[Symbol.asyncDispose]()));
  });

  /** Takes the lock as soon as it can be had; resolves with how often that was tried. */
  async function takeWhenFree(host: Host): Promise<AsyncDisposable> {
    for (;;) {
      try {
        return await lockHost(host, 'second', undefined, SILENCE_S);
      } catch (error) {
        expect(error).toMatchObject({ code: 'LOCKED' });
        await delay(200);
      }
    }
  }

  test('is gone when it has been let go', async () => {
    const host = await open(sshd.port);
    for (let round = 0; round < 5; round += 1) {
      await (await lockHost(host, 'first'))[Symbol.asyncDispose]();
    }
  });

  test('is refused to a second one, who is told of the first', async () => {
    await using _first = await lockHost(await open(proxied), 'first since noon', undefined, 60);
    await expect(lockHost(await open(sshd.port), 'second')).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining('first since noon'),
    });
  });

  test('is free after a silence, and who comes back after it changes nothing more', async () => {
    const quiet = await open(proxied);
    const { token } = await lockHost(quiet, 'first', undefined, SILENCE_S);
    const first = new ExclusiveHost(quiet, token);
    await first.change({ argv: ['true'], sudo: true });
    proxy.silent = true;
    const second = await takeWhenFree(await open(sshd.port));
    proxy.silent = false;
    // The connection itself lives on, as a suspended computer's may.
    await expect(first.change({ argv: ['true'], sudo: true })).rejects.toMatchObject({
      code: 'LOCKED',
      message: 'm: the connection was silent, and its lock was let go',
    });
    await expect(first.writeFile('/run/kboot/nothing', '', 0o600)).rejects.toMatchObject({ code: 'LOCKED' });
    await second[Symbol.asyncDispose]();
  });

  test('does not wait for what still reads from the one that fell silent', async () => {
    const quiet = await open(proxied);
    const { token } = await lockHost(quiet, 'first', undefined, SILENCE_S);
    const first = new ExclusiveHost(quiet, token);
    const upload = first
      .change({
        ...script(`export ${STREAM_MARK}; head -c 9 > /dev/null; exit 5`),
        stdin: stall(),
        sudo: true,
      })
      .catch(() => {});
    await delay(500);
    proxy.silent = true;
    const started = Date.now();
    const second = await takeWhenFree(await open(sshd.port));
    expect(Date.now() - started).toBeLessThan(60_000);
    await second[Symbol.asyncDispose]();
    proxy.stop();
    await Promise.all(hosts.splice(0).map((host) => host[Symbol.asyncDispose]()));
    await upload;
  });

  test('ends no stream that belongs to a container on the machine', async () => {
    // The first process of a container takes no signal that it does not ask for.
    const stream = `export ${STREAM_MARK}; sleep 60; exit 0`;
    const inContainer = spawn('unshare', ['--pid', '--fork', '--kill-child', 'sh', '-c', stream]);
    const ended = once(inContainer, 'exit');
    const { token } = await lockHost(await open(sshd.port), 'first', undefined, SILENCE_S);
    expect(token).not.toBe('');
    await Promise.all(hosts.splice(0).map((host) => host[Symbol.asyncDispose]()));
    await (await takeWhenFree(await open(sshd.port)))[Symbol.asyncDispose]();
    expect([inContainer.exitCode, inContainer.signalCode]).toEqual([null, null]);
    inContainer.kill('SIGKILL');
    await ended;
  });
});

/** A stream that never brings anything. */
function stall() {
  const child = spawn('sleep', ['30'], { stdio: ['ignore', 'pipe', 'ignore'] });
  child.unref();

  return child.stdout;
}

test('whatever stands in the file that says who holds the lock', async () => {
  const texts = ['locked\n', 'held me on here since 2026-01-01T00:00:00.000Z\n', 'busy\n'];
  await expectRightOrClear(texts, async (text) => {
    const host = new FakeHost('m').on(() => true, text);
    await lockHost(host, 'me').catch((error: Error) => {
      expect(error.message).not.toContain('\n');
      expect(error.message.length).toBeLessThan(1_500);
      throw error;
    });
  });
});
