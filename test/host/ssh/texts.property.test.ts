import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Query, readSshConfig, type SshSettings } from '../../../src/host/ssh/config-file.ts';
import { type Destination, route } from '../../../src/host/ssh/destination.ts';
import { HostKeyCheck } from '../../../src/host/ssh/host-key.ts';
import { parseSettings } from '../../../src/host/ssh/openssh.ts';
import { expectRightOrClear } from '../../helpers/hostile.ts';
import { makeKey } from '../../helpers/sshd.ts';

// What ssh prints, and files of ssh that others wrote: kboot follows them, or says what is wrong with them.

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'kboot-texts-'));
  mkdirSync(join(home, '.ssh'));
  makeKey('ed25519', join(home, 'key'));
});
afterAll(() => rmSync(home, { recursive: true }));

const preferences = () => ({ localUser: 'me', env: { HOME: home } });

function expectUsable(hops: readonly Destination[]): void {
  for (const { host, port, user, keyPort } of hops) {
    for (const each of [port, keyPort]) {
      expect(Number.isInteger(each)).toBe(true);
      expect(each).toBeGreaterThan(0);
      expect(each).toBeLessThan(65_536);
    }
    expect(`${host}${user}`).not.toMatch(/[\s\0]/);
  }
}

const PRINTED = `host node1
user ops
hostname 10.0.0.1
port 2222
stricthostkeychecking accept-new
identityfile ~/.ssh/id_rsa
identityfile ~/.ssh/other
userknownhostsfile ~/.ssh/known_hosts /a b/%k
globalknownhostsfile none
identitiesonly yes
identityagent SSH_AUTH_SOCK
hostkeyalias cluster
hashknownhosts no
`;

test('what ssh -G prints', () =>
  expectRightOrClear(
    [PRINTED, `${PRINTED}proxyjump ops@gate:2222,[::1]:22,ssh://x\n`],
    (text) => {
      const settings: SshSettings = {
        mentions: () => false,
        lookUp: async ({ host }: Query) => (host === 'node1' ? parseSettings(text) : {}),
      };
      return route({ name: 'node1' }, settings, preferences());
    },
    expectUsable,
  ));

const CONFIG = `# ours
Include other*.conf
Host node* !node9
  User ops
  Port 2222
  HostName "10.0.0.1"
  ProxyJump gate:22
  UserKnownHostsFile ~/.ssh/known_hosts %d/more
Match host node1 user ops
  HostKeyAlias cluster
  IdentityFile ~/.ssh/%h-%r
Host *
  StrictHostKeyChecking yes
`;

test.each(['.ssh/config', 'config'])(
  "an ssh configuration, the operator's own or one that a cluster file names: %s",
  async (name) => {
    const file = join(home, name);
    await expectRightOrClear(
      [CONFIG],
      (text) => {
        writeFileSync(file, text);
        return route({ name: 'node1' }, readSshConfig(file, home), preferences());
      },
      expectUsable,
    );
  },
);

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS';
const KNOWN = `# known
node1,10.0.0.* ${KEY} comment
[10.0.0.1]:2222 ${KEY}
!node9,* ${KEY}
|1|vRUl3Jl2Q+ytLwyG7R3ZjCP5Z7o=|k4kBcMQRdEFJxZ5xE2n5dH5T4rA= ${KEY}
@revoked * ${KEY}
@cert-authority *.example.com ${KEY}
`;

test('known_hosts, and keys that are revoked', async () => {
  const file = join(home, 'known_hosts');
  const revoked = join(home, 'revoked');
  const shown = Buffer.from(KEY.split(' ')[1] ?? '', 'base64');
  const base = {
    ...{ host: '10.0.0.1', port: 2222, user: 'ops', identityFiles: [], usualIdentityFiles: [] },
    ...{ identitiesOnly: true, agentSocket: undefined, keyName: 'node1.example.com', keyPort: 2222 },
    ...{ knownHostsFiles: [file], newKeysFile: file, revokedKeysFile: revoked },
    ...{ hashKnownHosts: false, strictHostKey: true, timeoutMs: undefined },
  };
  await expectRightOrClear([KNOWN, '* ssh-ed25519 x\n'], (text) => {
    writeFileSync(file, text);
    writeFileSync(revoked, text);
    const check = new HostKeyCheck('node1', base);
    for (const key of [shown, Buffer.from([]), Buffer.from([255, 255, 255, 255, 0])]) {
      // Nothing that the files do not say makes a key known.
      if (check.verify(key)) expect(text).toContain(key.toString('base64'));
    }
  });
  const stars = `${'*a'.repeat(30)}b ${KEY}\n`;
  writeFileSync(file, stars);
  writeFileSync(revoked, '');
  new HostKeyCheck('node1', { ...base, keyName: 'a'.repeat(60), keyPort: 22 });
});

test.each(['Host', 'Match host', 'Include'])(
  'patterns of %s with many stars take no time',
  async (keyword) => {
    const name = 'a'.repeat(60);
    writeFileSync(join(home, '.ssh', name), '');
    writeFileSync(join(home, '.ssh/config'), `User me\n${keyword} ${'*a'.repeat(30)}b\n  User x\n`);
    const look = async () => (await route({ name }, readSshConfig(undefined, home), preferences()))[0]?.user;
    expect(await look().catch(({ code }) => code)).toBe(keyword === 'Include' ? 'me' : 'CONFIG_INVALID');
  },
);
