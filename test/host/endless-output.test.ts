import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { execa } from 'execa';
import ssh2, { type Connection } from 'ssh2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandFailed } from '../../src/host/command-error.ts';
import { openLocalHost } from '../../src/host/local.ts';
import { LoggedHost } from '../../src/host/logged.ts';
import { connectSsh } from '../../src/host/ssh/connect.ts';
import { run, succeeds } from '../../src/lab/run.ts';
import { FakeHost } from '../helpers/fake-host.ts';
import { script } from '../helpers/script.ts';
import { freePort, type Sshd, startSshd } from '../helpers/sshd.ts';

const MIB = 1024 * 1024;

/** Bytes that this process holds, what can be cleared away apart. */
function held(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const flooded = {
  code: 'COMMAND_FAILED',
  message: expect.stringMatching(/^m: printed more than \d+ MiB and was stopped: /),
};

/** Something that prints without end, and that can be found by its last argument. */
const ENDLESS: readonly [string, string][] = [
  ['lines on standard output', 'exec yes'],
  ['lines on standard error', 'exec yes >&2'],
  ['no line break on standard output', `exec tr '\\0' a < /dev/zero`],
  ['no line break on standard error', `exec tr '\\0' a < /dev/zero >&2`],
];

test.each(ENDLESS)('here, too, a command that prints %s is stopped', async (_what, endless) => {
  await using host = await openLocalHost('m');
  const before = held();
  await expect(host.query(script(endless))).rejects.toMatchObject(flooded);
  // What is on its way may stay for a moment.
  expect(held() - before).toBeLessThan(96 * MIB);
});

test.each(ENDLESS)(
  'a held command that prints %s before its first line is stopped',
  async (_what, endless) => {
    await using host = await openLocalHost('m');
    const before = held();
    const hold = host.hold(script(endless));
    if (endless.includes('>&2')) await expect(hold).rejects.toMatchObject(flooded);
    else {
      const { firstLine, [Symbol.asyncDispose]: letGo } = await hold;
      expect(firstLine.length).toBeLessThanOrEqual(64 * 1024);
      await letGo();
    }
    expect(held() - before).toBeLessThan(32 * MIB);
  },
);

test.each(ENDLESS)(
  'a held command that prints %s later is let go, in bounded memory',
  async (_what, endless) => {
    const target = { name: 'm', address: '127.0.0.1', port: sshd.port, user: 'root' };
    const options = { env: { HOME: sshd.home }, sshConfigFile: '/dev/null' };
    const hosts = [await openLocalHost('m'), await connectSsh(target, options)];
    const before = held();
    await Promise.all(
      hosts.map(async (host, index) => {
        const mark = join(sshd.folder, `running-${index}`);
        // The first sign of life starts it.
        const lock = await host.hold(script(`echo $$ > ${mark}; echo held; read -r go; ${endless}`));
        const pid = readFileSync(mark, 'utf8').trim();
        const isThere = async () => (await execa('kill', ['-0', pid], { reject: false })).exitCode === 0;
        expect(await isThere()).toBe(true);
        await expect.poll(isThere, { timeout: 25_000, interval: 200 }).toBe(false);
        await lock[Symbol.asyncDispose]();
      }),
    );
    expect(held() - before).toBeLessThan(32 * MIB);
    for (const host of hosts) await host[Symbol.asyncDispose]();
  },
  60_000,
);

/** A machine that answers kboot's first question, and floods it from then on, whatever kboot says. */
async function floodingServer(port: number, until: { stop: boolean; sent: number }) {
  const flood = (client: Connection, channel: number): void => {
    const { _protocol: protocol, _sock: socket } = client as unknown as {
      _protocol: { channelData(channel: number, data: Buffer): void };
      _sock: { writableLength: number; destroyed: boolean };
    };
    const data = Buffer.alloc(32 * 1024, 'a');
    const more = (): void => {
      if (until.stop || socket.destroyed) return;
      for (let count = 0; count < 8 && socket.writableLength < MIB; count++) {
        protocol.channelData(channel, data);
        until.sent += data.length;
      }
      setImmediate(more);
    };
    more();
  };
  const server = new ssh2.Server(
    { hostKeys: [readFileSync(join(sshd.folder, 'host_ed25519'))] },
    (client) => {
      client.on('error', () => {});
      client.on('authentication', (context) => context.accept());
      client.on('session', (accept) => {
        accept().on('exec', (take, _reject, { command }) => {
          const channel = take();
          if (!command.includes('kboot-account')) {
            return flood(client, (channel as unknown as { outgoing: { id: number } }).outgoing.id);
          }
          channel.write('kboot-account\nroot\n');
          channel.exit(0);
          channel.end();
        });
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

test('a machine that goes on printing after it was told to stop takes no memory', async () => {
  const port = await freePort();
  const until = { stop: false, sent: 0 };
  const server = await floodingServer(port, until);
  try {
    const host = await connectSsh(
      { name: 'm', address: '127.0.0.1', port, user: 'root' },
      { env: { HOME: sshd.home }, sshConfigFile: '/dev/null' },
    );
    const before = held();
    await expect(host.query({ argv: ['id'] })).rejects.toMatchObject(flooded);
    const told = until.sent;
    await expect.poll(() => until.sent - told, { timeout: 60_000, interval: 50 }).toBeGreaterThan(150 * MIB);
    // Held, all that was sent would be more; what the garbage collector has not seen yet is less.
    expect(held() - before).toBeLessThan(120 * MIB);
    until.stop = true;
    await host[Symbol.asyncDispose]();
  } finally {
    until.stop = true;
    server.close();
  }
}, 120_000);

test.each(['a\n', 'a', '\n', '\u001b'])(
  'the log takes the ends of what a command prints: %j',
  async (part) => {
    const stdout = `first\n${part.repeat(30 * MIB)}last\n`;
    const host = new FakeHost('m').on(['print'], { stdout, stderr: stdout });
    let lines = 0;
    let size = 0;
    const kept: string[] = [];
    const logged = new LoggedHost(host, (line) => {
      lines++;
      size += line.length;
      if (line.length < 200 && /first|last|left out/.test(line)) kept.push(line);
    });
    await logged.query({ argv: ['print'] });
    expect(lines).toBeLessThan(20_010);
    expect(size).toBeLessThan(8 * MIB);
    expect(kept.join('\n')).toMatch(/\| first\n(.*\n)*.*left out(.*\n)*/);
    expect(kept.some((line) => line.endsWith('characters are left out here'))).toBe(true);
  },
);

test.each(['a\n', 'a', '\n', ' '])('an error quotes only the end of what a command prints: %j', (part) => {
  const stderr = `${part.repeat(30 * MIB)}why\n${' \n'.repeat(1_000)}`;
  const { message } = commandFailed('m', { argv: ['x'] }, { exitCode: 1 }, { stdout: '', stderr });
  expect(message).toMatch(/why$/);
  expect(message.length).toBeLessThan(2_000);
});

test.each(ENDLESS)(
  'a program of this computer that prints %s is stopped',
  async (_what, endless) => {
    const before = held();
    const error = await run(['sh', '-c', endless]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringMatching(/^this machine: printed more than \d+ MiB and was stopped: sh -c/),
    });
    expect((error as Error).message.length).toBeLessThan(2_000);
    expect(held() - before).toBeLessThan(64 * MIB);
    const first = await Promise.race([
      succeeds(['sh', '-c', `timeout 2 sh -c ${JSON.stringify(endless)}`]),
      delay(20_000),
    ]);
    expect(first).toBe(false);
  },
  60_000,
);
