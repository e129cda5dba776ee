import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectSsh } from '../../../src/host/ssh/connect.ts';
import { fingerprint } from '../../../src/host/ssh/known-hosts.ts';
import { keyOf, sshFixture, whoAmI } from '../../helpers/ssh-fixture.ts';
import { makeKey, type Sshd, startSshd } from '../../helpers/sshd.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd({ hostKeyTypes: ['ed25519', 'ecdsa', 'rsa'], config: ['MaxAuthTries 3'] });
});
afterAll(() => sshd.stop());

const { configFile, known, options, scratch, there } = sshFixture(() => sshd);
const bytes = (key: string): Buffer => Buffer.from(key.split(' ')[1] ?? '', 'base64');

describe('the key of a machine', () => {
  test('is recorded when it is new, under its real address and port', async () => {
    expect(await whoAmI(there(), options())).toBe('root');
    expect(readFileSync(known(), 'utf8')).toBe(`[127.0.0.1]:${sshd.port} ${keyOf(sshd)}\n`);
    expect(statSync(known()).mode & 0o777).toBe(0o600);
    expect(await whoAmI(there(), options({ strictHostKey: 'strict' }))).toBe('root');
  });

  test('is recorded once by many connections at a time', async () => {
    await Promise.all(Array.from({ length: 5 }, () => whoAmI(there(), options())));
    expect(readFileSync(known(), 'utf8').trim().split('\n')).toHaveLength(1);
  });

  test('is hashed for those who have ssh do so', async () => {
    const sshConfigFile = configFile('HashKnownHosts yes\n');
    await whoAmI(there(), options({ sshConfigFile }));
    expect(readFileSync(known(), 'utf8')).toMatch(/^\|1\|/);
  });

  test('must be known when that is asked for', async () => {
    await expect(connectSsh(there(), options({ strictHostKey: 'strict' }))).rejects.toMatchObject({
      code: 'HOST_KEY_REFUSED',
      host: 'node1',
      message: `node1: the key of [127.0.0.1]:${sshd.port} is not known: ssh-ed25519 ${fingerprint(bytes(keyOf(sshd)))}`,
      hint: expect.stringContaining(`echo '[127.0.0.1]:${sshd.port} ${keyOf(sshd)}' >> ${known()}`),
    });
    expect(existsSync(known())).toBe(false);
  });

  test('is refused when it has changed, with both fingerprints, file, line and the way out', async () => {
    makeKey('ed25519', join(scratch(), 'former'));
    const former = readFileSync(join(scratch(), 'former.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    const text = `# hosts\n[127.0.0.1]:${sshd.port} ${former}\n`;
    writeFileSync(known(), text);
    for (const strictHostKey of ['accept-new', 'strict'] as const) {
      await expect(connectSsh(there(), options({ strictHostKey }))).rejects.toMatchObject({
        code: 'HOST_KEY_REFUSED',
        message:
          `node1: the key of [127.0.0.1]:${sshd.port} has changed: it shows ssh-ed25519 ` +
          `${fingerprint(bytes(keyOf(sshd)))}, but ssh-ed25519 ${fingerprint(bytes(former))} stands at ${known()}:2`,
        hint: expect.stringContaining(`ssh-keygen -R '[127.0.0.1]:${sshd.port}' -f ${known()}`),
      });
    }
    expect(readFileSync(known(), 'utf8')).toBe(text);
  });

  test('the command of the hint makes room for the new key', async () => {
    makeKey('ed25519', join(scratch(), 'former'));
    const former = readFileSync(join(scratch(), 'former.pub'), 'utf8');
    writeFileSync(known(), `[127.0.0.1]:${sshd.port} ${former}`);
    const error = await connectSsh(there(), options()).catch((thrown: unknown) => thrown as { hint: string });
    const command = /ssh-keygen -R .*$/.exec((error as { hint: string }).hint)?.[0] ?? 'false';
    execFileSync('sh', ['-c', command], { stdio: 'ignore' });
    expect(await whoAmI(there(), options())).toBe('root');
  });

  test.each(['ecdsa', 'rsa'])(
    'is compared with the %s key when that is the one that is known',
    async (type) => {
      const text = `[127.0.0.1]:${sshd.port} ${keyOf(sshd, type)}\n`;
      writeFileSync(known(), text);
      expect(await whoAmI(there(), options())).toBe('root');
      expect(readFileSync(known(), 'utf8')).toBe(text);
    },
  );

  test('is refused when it is revoked', async () => {
    writeFileSync(known(), `@revoked * ${keyOf(sshd)}\n`);
    await expect(connectSsh(there(), options())).rejects.toMatchObject({
      code: 'HOST_KEY_REFUSED',
      message: expect.stringContaining(`@revoked at ${known()}:1`),
    });
  });

  test('is not taken from a machine that does not own it', async () => {
    const impostor = await startSshd({ home: sshd.home });
    try {
      writeFileSync(known(), `[127.0.0.1]:${impostor.port} ${keyOf(sshd)}\n`);
      await expect(connectSsh(there({ port: impostor.port }), options())).rejects.toMatchObject({
        code: 'HOST_KEY_REFUSED',
      });
      await expect.poll(() => impostor.connections()).toEqual([]);
    } finally {
      impostor.stop();
    }
  });

  test('is not taken on trust when it cannot be compared or remembered', async () => {
    mkdirSync(known());
    await expect(connectSsh(there(), options())).rejects.toMatchObject({
      code: 'HOST_KEY_REFUSED',
      message: expect.stringMatching(/^node1: known_hosts cannot be read: EISDIR/),
    });
    const knownHostsFile = '/proc/no/known_hosts';
    await expect(connectSsh(there(), options({ knownHostsFile }))).rejects.toMatchObject({
      code: 'HOST_KEY_REFUSED',
      message: expect.stringMatching(/^node1: known_hosts cannot be written: /),
    });
  });
});

describe('what the ssh configuration says about the key of a machine is what kboot does', () => {
  const target = () => ({ name: 'node1', port: sshd.port, user: 'root' });
  const configured = (lines: readonly string[], home = sshd.home) => {
    const section = ['Host node1', 'HostName 127.0.0.1', 'GlobalKnownHostsFile none', ...lines].join('\n');
    return { env: { HOME: home }, sshConfigFile: configFile(`${section}\n`) };
  };
  const refused = (what: string) => ({ code: 'HOST_KEY_REFUSED', message: expect.stringContaining(what) });
  const otherKey = (): string => {
    for (const file of ['other', 'other.pub']) rmSync(join(scratch(), file), { force: true });
    makeKey('ed25519', join(scratch(), 'other'));
    return readFileSync(join(scratch(), 'other.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  };
  /** With the home folder of the user database ssh -G is asked, with another one kboot reads the file itself. */
  const homes = () => [userInfo().homedir, sshd.home];

  test('HostKeyAlias is the name without the port, whatever the port is: when it is new, known, and changed', async () => {
    for (const home of homes()) {
      const key = [`IdentityFile ${sshd.home}/.ssh/id_ed25519`, `UserKnownHostsFile ${known()}`];
      const options = configured(['HostKeyAlias cluster', ...key], home);
      writeFileSync(known(), '');
      expect(await whoAmI(target(), options)).toBe('root');
      expect(readFileSync(known(), 'utf8')).toBe(`cluster ${keyOf(sshd)}\n`);
      expect(await whoAmI(target(), { ...options, strictHostKey: 'strict' })).toBe('root');
      const former = otherKey();
      writeFileSync(known(), `cluster ${former}\n`);
      await expect(connectSsh(target(), options)).rejects.toMatchObject(
        refused('the key of cluster has changed'),
      );
      // The same name with a port is another machine's.
      writeFileSync(known(), `[cluster]:${sshd.port} ${keyOf(sshd)}\n`);
      const strict = connectSsh(target(), { ...options, strictHostKey: 'strict' });
      await expect(strict).rejects.toMatchObject(refused('the key of cluster is not known'));
      expect(readFileSync(known(), 'utf8')).toBe(`[cluster]:${sshd.port} ${keyOf(sshd)}\n`);
    }
  });

  test.each<[string, readonly string[], string, 'root' | string]>([
    [
      'StrictHostKeyChecking yes',
      ['StrictHostKeyChecking yes', 'UserKnownHostsFile KNOWN'],
      '',
      'is not known',
    ],
    [
      'StrictHostKeyChecking accept-new',
      ['StrictHostKeyChecking accept-new', 'UserKnownHostsFile KNOWN'],
      '',
      'root',
    ],
    ['%k of the alias', ['HostKeyAlias c', 'UserKnownHostsFile KNOWN-%k'], 'c OTHER', 'has changed'],
    ['no file for keys', ['UserKnownHostsFile none'], '', 'is not known'],
    ['RevokedHostKeys', ['UserKnownHostsFile KNOWN', 'RevokedHostKeys KNOWN-r'], 'NAME RIGHT', 'is revoked'],
  ])('%s', async (_what, lines, text, outcome) => {
    for (const home of homes()) {
      const settings = [...lines, `IdentityFile ${sshd.home}/.ssh/id_ed25519`];
      const options = configured(
        settings.map((line) => line.replaceAll('KNOWN', known())),
        home,
      );
      const filled = text
        .replace('NAME', `[127.0.0.1]:${sshd.port}`)
        .replace('RIGHT', keyOf(sshd))
        .replace('OTHER', () => otherKey());
      for (const file of [known(), `${known()}-c`]) writeFileSync(file, filled === '' ? '' : `${filled}\n`);
      writeFileSync(`${known()}-r`, `${keyOf(sshd)}\n`);
      if (outcome === 'root') expect(await whoAmI(target(), options)).toBe('root');
      else await expect(connectSsh(target(), options)).rejects.toMatchObject(refused(outcome));
    }
  });
});
