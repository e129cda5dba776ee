import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectSsh } from '../../../src/host/ssh/connect.ts';
import { sshFixture, whoAmI } from '../../helpers/ssh-fixture.ts';
import { makeKey, type Sshd, startSshd } from '../../helpers/sshd.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd({ hostKeyTypes: ['ed25519', 'ecdsa', 'rsa'], config: ['MaxAuthTries 3'] });
});
afterAll(() => sshd.stop());

const { configFile, options, scratch, there } = sshFixture(() => sshd);

describe('the login', () => {
  test('says which keys were offered, and how to get in', async () => {
    makeKey('ed25519', join(scratch(), 'stranger'));
    const identityFile = join(scratch(), 'stranger');
    await expect(connectSsh(there(), options({ identityFile }))).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: expect.stringMatching(
        new RegExp(
          `^node1: 127.0.0.1 port ${sshd.port} does not let root in: offered ${identityFile} \\(SHA256:`,
        ),
      ),
      hint: expect.stringContaining(`ssh-copy-id -p ${sshd.port} root@127.0.0.1`),
    });
  });

  test('says that there is no key', async () => {
    await expect(connectSsh(there(), options({ env: { HOME: scratch() } }))).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: expect.stringContaining('no key to offer'),
    });
  });

  test('says that a named key file is not there', async () => {
    const identityFile = join(scratch(), 'nowhere');
    await expect(connectSsh(there(), options({ identityFile }))).rejects.toMatchObject({
      message: expect.stringContaining(`${identityFile}: not there`),
    });
  });

  test('names a key with a passphrase, and ssh-add', async () => {
    const identityFile = join(scratch(), 'locked');
    makeKey('ed25519', identityFile, 'open sesame');
    await expect(connectSsh(there(), options({ identityFile }))).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: expect.stringContaining(`${identityFile}: protected by a passphrase, and not in an ssh agent`),
      hint: `run: ssh-add ${identityFile}`,
    });
  });

  test.each(['ecdsa', 'rsa'])('takes an %s key', async (type) => {
    const identityFile = join(scratch(), type);
    makeKey(type, identityFile);
    appendFileSync(join(sshd.folder, 'authorized_keys'), readFileSync(`${identityFile}.pub`));
    expect(await whoAmI(there(), options({ identityFile }))).toBe('root');
  });

  test('takes user, port, address and key from the ssh configuration', async () => {
    const sshConfigFile = configFile(
      `Host node1\n  HostName 127.0.0.1\n  Port ${sshd.port}\n  User root\n  IdentityFile ${sshd.home}/.ssh/id_ed25519\n`,
    );
    expect(await whoAmI({ name: 'node1' }, options({ sshConfigFile, env: { HOME: scratch() } }))).toBe(
      'root',
    );
  });
});
