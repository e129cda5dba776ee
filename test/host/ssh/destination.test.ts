import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSshConfig } from '../../../src/host/ssh/config-file.ts';
import {
  type Destination,
  route,
  type SshPreferences,
  type SshTarget,
} from '../../../src/host/ssh/destination.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'kboot-config-'));
  mkdirSync(join(home, '.ssh'));
});
afterEach(() => rmSync(home, { recursive: true }));

async function hops(
  config: string,
  target: SshTarget,
  preferences: Partial<SshPreferences> = {},
): Promise<Destination[]> {
  const file = join(home, '.ssh/config');
  writeFileSync(file, config);
  return route(target, readSshConfig(file, home), { localUser: 'me', env: { HOME: home }, ...preferences });
}

const only = async (...parameters: Parameters<typeof hops>): Promise<Destination> => {
  const all = await hops(...parameters);
  expect(all).toHaveLength(1);
  return all[0] as Destination;
};

test('without a configuration: the name, port 22, the local user, the usual keys', async () => {
  expect(await only('', { name: 'node1' })).toEqual({
    host: 'node1',
    port: 22,
    user: 'me',
    identityFiles: [],
    usualIdentityFiles: ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((key) => join(home, '.ssh', key)),
    identitiesOnly: false,
    agentSocket: undefined,
    keyName: 'node1',
    keyPort: 22,
    knownHostsFiles: [
      join(home, '.ssh/known_hosts'),
      join(home, '.ssh/known_hosts2'),
      '/etc/ssh/ssh_known_hosts',
      '/etc/ssh/ssh_known_hosts2',
    ],
    newKeysFile: join(home, '.ssh/known_hosts'),
    revokedKeysFile: undefined,
    hashKnownHosts: false,
    strictHostKey: false,
  });
});

test('takes the settings of a section, in any case of letters', async () => {
  const config = `
host node1
  hostname 10.0.0.5
  PORT=2222
  User  ada
  IdentityFile ~/.ssh/first
  IdentityFile "%d/.ssh/second key"
  IdentitiesOnly yes
  UserKnownHostsFile ~/a ~/b
  GlobalKnownHostsFile /c
  StrictHostKeyChecking yes
  HashKnownHosts yes
  HostKeyAlias cluster
Host *
  User nobody
`;
  expect(await only(config, { name: 'node1' })).toMatchObject({
    host: '10.0.0.5',
    port: 2222,
    user: 'ada',
    identityFiles: [join(home, '.ssh/first'), join(home, '.ssh/second key')],
    identitiesOnly: true,
    keyName: 'cluster',
    knownHostsFiles: [join(home, 'a'), join(home, 'b'), '/c'],
    hashKnownHosts: true,
    strictHostKey: true,
  });
  expect(await only(config, { name: 'node2' })).toMatchObject({
    host: 'node2',
    user: 'nobody',
    strictHostKey: false,
  });
});

test('what kboot.yaml and the command line say wins', async () => {
  const config =
    'Host node1\n  HostName 10.0.0.5\n  Port 2222\n  User ada\n  IdentityFile ~/x\n  UserKnownHostsFile ~/y\n';
  expect(
    await only(
      config,
      { name: 'node1', address: '10.0.0.9', port: 22, user: 'root' },
      { identityFile: '/key', knownHostsFile: '/known', strictHostKey: 'strict' },
    ),
  ).toMatchObject({
    host: '10.0.0.9',
    port: 22,
    user: 'root',
    identityFiles: ['/key'],
    knownHostsFiles: ['/known', '/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'],
    strictHostKey: true,
    keyName: '10.0.0.9',
  });
});

test.each([
  ['Host node1\n  User by-name\nHost 10.0.0.9\n  User by-address\n', 'by-name'],
  ['Host 10.0.0.*\n  User by-address\nHost *\n  User anyone\n', 'by-address'],
  ['Host *\n  User anyone\n', 'anyone'],
])('looks settings up by the name, else by the address: %j', async (config, user) => {
  expect(await only(config, { name: 'node1', address: '10.0.0.9' })).toMatchObject({
    host: '10.0.0.9',
    user,
  });
});

test.each([
  ['accept-new', false],
  ['ask', false],
  ['no', false],
  ['yes', true],
])('StrictHostKeyChecking %s', async (value, strict) => {
  expect((await only(`StrictHostKeyChecking ${value}\n`, { name: 'a' })).strictHostKey).toBe(strict);
  expect(
    (await only(`StrictHostKeyChecking ${value}\n`, { name: 'a' }, { strictHostKey: 'accept-new' }))
      .strictHostKey,
  ).toBe(false);
});

test.each([
  ['', '/env'],
  ['IdentityAgent none', undefined],
  ['IdentityAgent SSH_AUTH_SOCK', '/env'],
  ['IdentityAgent $OTHER', '/other'],
  ['IdentityAgent /its/own', '/its/own'],
])('finds the agent: %j', async (config, socket) => {
  const env = { HOME: home, SSH_AUTH_SOCK: '/env', OTHER: '/other' };
  expect((await only(config, { name: 'a' }, { env })).agentSocket).toBe(socket);
});

test('IdentityFile none means no file', async () => {
  expect(await only('IdentityFile none\n', { name: 'a' })).toMatchObject({
    identityFiles: [],
    usualIdentityFiles: [],
  });
});

test('follows several jump hosts, each with its own settings', async () => {
  const config = `
Host inner
  ProxyJump gate,ada@[fe80::1]:2200,ssh://carl@third
Host gate
  HostName gate.example.com
  User porter
  IdentityFile ~/gate-key
`;
  const way = await hops(config, { name: 'inner', user: 'root' }, { identityFile: '/key' });
  expect(way.map(({ host, port, user, identityFiles }) => [user, host, port, identityFiles[0]])).toEqual([
    ['porter', 'gate.example.com', 22, join(home, 'gate-key')],
    ['ada', 'fe80::1', 2200, '/key'],
    ['carl', 'third', 22, '/key'],
    ['root', 'inner', 22, '/key'],
  ]);
});

test('the first jump host may stand behind another', async () => {
  const config = 'Host c\n  ProxyJump b\nHost b\n  ProxyJump a\n';
  expect((await hops(config, { name: 'c' })).map(({ host }) => host)).toEqual(['a', 'b', 'c']);
});

test.each([
  ['Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n', /a circle/],
  ['Host a\n  ProxyJump b:port\n', /ProxyJump: not a host: b:port/],
  ['Host a\n  ProxyCommand nc %h %p\n', /ProxyCommand is not supported/],
])('refuses %j', async (config, message) => {
  await expect(hops(config, { name: 'a' })).rejects.toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
  );
});

test('ProxyJump none and ProxyCommand none switch off what comes later', async () => {
  expect(
    await hops('Host a\n  ProxyJump none\n  ProxyCommand none\nHost *\n  ProxyJump b\n', { name: 'a' }),
  ).toHaveLength(1);
});

test('includes files, whose sections end with them', async () => {
  mkdirSync(join(home, '.ssh/config.d'));
  writeFileSync(join(home, '.ssh/config.d/10.conf'), 'Host node1\n  User included\n');
  writeFileSync(join(home, '.ssh/config.d/20.conf'), 'Host node2\n  User second\n');
  writeFileSync(join(home, '.ssh/more'), 'Port 2222\n');
  const config =
    'Include config.d/*.conf missing\nIdentityFile ~/all\nHost node3\n  Include ~/.ssh/more\n  User third\n';
  expect(await only(config, { name: 'node1' })).toMatchObject({ user: 'included', port: 22 });
  expect(await only(config, { name: 'node2' })).toMatchObject({ user: 'second' });
  expect(await only(config, { name: 'node3' })).toMatchObject({ user: 'third', port: 2222 });
  expect((await only(config, { name: 'other' })).identityFiles).toEqual([join(home, 'all')]);
});

test('a file that includes itself is an error, as is a named file that is not there', async () => {
  await expect(hops('Include ~/.ssh/config\n', { name: 'a' })).rejects.toThrow(/too many levels/);
  expect(() => readSshConfig(join(home, 'missing'), home)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(join(home, 'missing')),
    }),
  );
});

test('without a file it reads the one of the user', async () => {
  writeFileSync(join(home, '.ssh/config'), 'Host node1\n  User mine\n');
  expect(await readSshConfig(undefined, home).lookUp({ host: 'node1' })).toMatchObject({ user: 'mine' });
});
