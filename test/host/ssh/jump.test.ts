import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectSsh } from '../../../src/host/ssh/connect.ts';
import { keyOf, sshFixture } from '../../helpers/ssh-fixture.ts';
import { type Sshd, startSshd } from '../../helpers/sshd.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd({ hostKeyTypes: ['ed25519', 'ecdsa', 'rsa'], config: ['MaxAuthTries 3'] });
});
afterAll(() => sshd.stop());

const { configFile, known, options } = sshFixture(() => sshd);

describe('jump hosts', () => {
  let first: Sshd;
  let second: Sshd;
  let sshConfigFile: string;
  beforeEach(async () => {
    first = await startSshd({ home: sshd.home });
    second = await startSshd({ home: sshd.home });
    sshConfigFile = configFile(
      `Host first second target\n  HostName 127.0.0.1\n  User root\n` +
        `Host first\n  Port ${first.port}\nHost second\n  Port ${second.port}\n` +
        `Host target\n  Port ${sshd.port}\n  ProxyJump first,second\n`,
    );
  });
  afterEach(() => {
    first.stop();
    second.stop();
  });

  test('lead to the machine one after another, and their keys are checked too', async () => {
    const host = await connectSsh({ name: 'target' }, options({ sshConfigFile }));
    expect((await host.query({ argv: ['echo', 'é'] })).stdout).toBe('é\n');
    expect([first.connections().length, second.connections().length]).toEqual([1, 1]);
    await host[Symbol.asyncDispose]();
    await expect.poll(() => [...first.connections(), ...second.connections()]).toEqual([]);
    expect(readFileSync(known(), 'utf8')).toBe(
      [first, second, sshd].map((server) => `[127.0.0.1]:${server.port} ${keyOf(server)}\n`).join(''),
    );
  });

  test('whose key has changed stop the way', async () => {
    writeFileSync(known(), `[127.0.0.1]:${second.port} ${keyOf(sshd)}\n`);
    await expect(connectSsh({ name: 'target' }, options({ sshConfigFile }))).rejects.toMatchObject({
      code: 'HOST_KEY_REFUSED',
      message: expect.stringMatching(
        new RegExp(`^target: the key of \\[127.0.0.1\\]:${second.port} has changed`),
      ),
    });
  });

  test('that cannot reach the next are named', async () => {
    second.stop();
    await expect(connectSsh({ name: 'target' }, options({ sshConfigFile }))).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: expect.stringMatching(
        new RegExp(`^target: cannot connect to 127.0.0.1 port ${second.port}: the jump host cannot reach it`),
      ),
    });
    await expect.poll(() => first.connections()).toEqual([]);
  });

  test('that die in the middle are a lost connection', async () => {
    await using host = await connectSsh({ name: 'target' }, options({ sshConfigFile }));
    const running = host.change({ argv: ['sleep', '30'] });
    running.catch(() => {});
    await delay(200);
    for (const pid of first.connections()) process.kill(pid, 'SIGKILL');
    await expect(running).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' });
  });
});
