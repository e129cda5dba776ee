import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectSsh, type SshOptions } from '../../../src/host/ssh/connect.ts';
import { sshFixture, whoAmI } from '../../helpers/ssh-fixture.ts';
import { makeKey, type Sshd, startSshd } from '../../helpers/sshd.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd({ hostKeyTypes: ['ed25519', 'ecdsa', 'rsa'], config: ['MaxAuthTries 3'] });
});
afterAll(() => sshd.stop());

const { configFile, options, scratch, there } = sshFixture(() => sshd);

describe('an ssh agent', () => {
  let socket: string;
  let agent: ReturnType<typeof spawn>;
  const add = (file: string): void => {
    execFileSync('ssh-add', ['-q', file], {
      env: { ...process.env, SSH_AUTH_SOCK: socket },
      stdio: 'ignore',
    });
  };
  beforeEach(async () => {
    socket = join(scratch(), 'agent');
    agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    while (!existsSync(socket)) await delay(10);
  });
  afterEach(() => void agent.kill());

  const withAgent = (more: Partial<SshOptions> = {}): SshOptions =>
    options({ env: { HOME: scratch(), SSH_AUTH_SOCK: socket }, ...more });

  test('lets in, with no key file', async () => {
    add(join(sshd.home, '.ssh/id_ed25519'));
    expect(await whoAmI(there(), withAgent())).toBe('root');
  });

  test('holds a key whose file has a passphrase', async () => {
    const identityFile = join(scratch(), 'locked');
    makeKey('ed25519', identityFile);
    add(identityFile);
    execFileSync('ssh-keygen', ['-q', '-p', '-N', 'open sesame', '-f', identityFile]);
    appendFileSync(join(sshd.folder, 'authorized_keys'), readFileSync(`${identityFile}.pub`));
    expect(await whoAmI(there(), withAgent({ identityFile }))).toBe('root');
  });

  test('with many keys does not wear the server out when the key is named', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      makeKey('ed25519', join(scratch(), name));
      add(join(scratch(), name));
    }
    const identityFile = join(sshd.home, '.ssh/id_ed25519');
    add(identityFile);
    expect(await whoAmI(there(), withAgent({ identityFile }))).toBe('root');
    await expect(connectSsh(there(), withAgent())).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: expect.stringMatching(/Too many authentication failures.*test-ed25519 from the agent/),
      hint: expect.stringContaining('IdentitiesOnly'),
    });
  });

  test('offers no others with IdentitiesOnly', async () => {
    add(join(sshd.home, '.ssh/id_ed25519'));
    makeKey('ed25519', join(scratch(), 'a'));
    const sshConfigFile = configFile(`IdentitiesOnly yes\nIdentityFile ${scratch()}/a\n`);
    await expect(connectSsh(there(), withAgent({ sshConfigFile }))).rejects.toMatchObject({
      message: expect.not.stringContaining('from the agent'),
    });
  });

  test('that is gone is named, and the key files still count', async () => {
    agent.kill();
    const env = { HOME: sshd.home, SSH_AUTH_SOCK: join(scratch(), 'gone') };
    expect(await whoAmI(there(), options({ env }))).toBe('root');
    await expect(connectSsh(there(), options({ env: { ...env, HOME: scratch() } }))).rejects.toMatchObject({
      message: expect.stringContaining(`the ssh agent at ${env.SSH_AUTH_SOCK}`),
    });
  });
});
