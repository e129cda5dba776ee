import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectSsh } from '../../../src/host/ssh/connect.ts';
import { KbootError, messageOf } from '../../../src/lib/errors.ts';
import { fanOut } from '../../../src/lib/fan-out.ts';
import { makeKey, type Sshd, startSshd } from '../../helpers/sshd.ts';

const isEverything = env['KBOOT_E2E_ALL'] === '1';
const SAMPLE = 8;

let plain: Sshd;
let certified: Sshd;
let folder: string;
let keys: { readonly wrong: string; readonly wrongRsa: string; readonly authority: string };

const publicKey = (file: string): string =>
  readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kboot-like-ssh-'));
  const make = (name: string, type: string): string => {
    makeKey(type, join(folder, name));
    return publicKey(join(folder, name));
  };
  keys = { wrong: make('wrong', 'ed25519'), wrongRsa: make('rsa', 'rsa'), authority: make('ca', 'ed25519') };
  plain = await startSshd();
  makeKey('ed25519', join(folder, 'host'));
  execFileSync('ssh-keygen', [
    ...['-q', '-s', join(folder, 'ca'), '-I', 'test', '-h', '-n', 'node1,127.0.0.1,cluster'],
    join(folder, 'host.pub'),
  ]);
  certified = await startSshd({
    home: plain.home,
    // A key of another type beside the certified one: of two of the same type sshd shows which it likes.
    hostKeyTypes: ['rsa'],
    config: [`HostKey ${join(folder, 'host')}`, `HostCertificate ${join(folder, 'host-cert.pub')}`],
  });
});
afterAll(() => {
  plain.stop();
  certified.stop();
  rmSync(folder, { recursive: true });
});

const ALIAS = 'cluster';

/** What known_hosts says, given the name under which ssh looks the machine up and the key that it shows. */
const KNOWN: Record<string, (name: string, key: string) => string> = {
  nothing: () => '',
  'the key': (name, key) => `${name} ${key}\n`,
  'another key': (name) => `${name} ${keys.wrong}\n`,
  'a key of another type': (name) => `${name} ${keys.wrongRsa}\n`,
  'two keys, one of them right': (name, key) => `${name} ${keys.wrong}\n${name} ${key}\n`,
  'the key, hashed': (name, key) => hashed(`${name} ${key}\n`),
  'another key, hashed': (name) => hashed(`${name} ${keys.wrong}\n`),
  'the key without the port': (_name, key) => `127.0.0.1 ${key}\n`,
  'another key without the port': () => `127.0.0.1 ${keys.wrong}\n`,
  'the key under the alias': (_name, key) => `${ALIAS} ${key}\n`,
  'another key under the alias': () => `${ALIAS} ${keys.wrong}\n`,
  'the key for a pattern': (_name, key) => `*${ALIAS}*,[127.0.*]:* ${key}\n`,
  'another key for a pattern': () => `*${ALIAS}*,[127.0.*]:* ${keys.wrong}\n`,
  'the key for a pattern that leaves it out': (name, key) => `*,!${name} ${key}\n`,
  'the key among lines that are none': (name, key) =>
    `# x\n@odd ${name} ${key}\n${name}\n\n  ${name} ${key} me\n`,
  'the key as revoked': (name, key) => `@revoked ${name} ${key}\n`,
  'the key, and as revoked': (name, key) => `${name} ${key}\n@revoked * ${key}\n`,
  'another one as revoked': (name) => `@revoked ${name} ${keys.wrong}\n`,
  'an authority': (name) => `@cert-authority ${name} ${keys.authority}\n`,
  'an authority that signed nothing': (name) => `@cert-authority ${name} ${keys.wrong}\n`,
};

/** Where the files of known hosts are; `@` is the folder of the case, in which `known` holds what is known. */
const PLACES: Record<string, string> = {
  'one file': 'UserKnownHostsFile @/known',
  'the second of two files': 'UserKnownHostsFile @/none-here @/known',
  'the global file': 'UserKnownHostsFile none\n  GlobalKnownHostsFile @/known',
  'a file of each machine': 'UserKnownHostsFile @/%k',
  none: 'UserKnownHostsFile none',
  'one file and revoked keys': 'UserKnownHostsFile @/known\n  RevokedHostKeys @/revoked',
};

interface Case {
  readonly known: string;
  readonly place: string;
  readonly strict: 'yes' | 'accept-new' | 'no' | 'ask';
  readonly alias: boolean;
  readonly server: 'plain' | 'certified';
  readonly jump: boolean;
}

/** Where kboot is meant to differ from ssh, as docs/ssh.md says. */
function difference({ strict, known, server }: Case, ssh: boolean): string | undefined {
  const isChanged = /^another key|^a key of another type/.test(known);
  if (strict === 'no' && ssh)
    return isChanged || known.includes('revoked') ? 'a bad key is never accepted' : undefined;
  if (strict === 'ask' && !ssh) return 'nobody is asked: a new key is accepted';
  if (server === 'certified' && known === 'an authority' && strict === 'yes' && ssh)
    return 'certificates of hosts are not checked';
  return undefined;
}

function hashed(text: string): string {
  const file = join(folder, `hash-${Math.random()}`);
  writeFileSync(file, text);
  execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
  return readFileSync(file, 'utf8');
}

const serverOf = ({ server }: Case): Sshd => (server === 'plain' ? plain : certified);
const keyOf = ({ server }: Case): string =>
  server === 'plain' ? (plain.hostKeys['ed25519'] ?? '') : publicKey(join(folder, 'host'));

/** The ssh configuration of a case, with what is known written below `place`. */
function configure(each: Case, place: string): string {
  mkdirSync(place);
  const server = serverOf(each);
  const name = each.alias ? ALIAS : `[127.0.0.1]:${server.port}`;
  const text = KNOWN[each.known]?.(name, keyOf(each)) ?? '';
  for (const file of ['known', each.alias ? ALIAS : 'node1']) writeFileSync(join(place, file), text);
  writeFileSync(join(place, 'revoked'), `${keyOf(each)} gone\n`);
  writeFileSync(join(place, 'gate'), `[127.0.0.1]:${plain.port} ${plain.hostKeys['ed25519']}\n`);
  const login = `User root\n  IdentityFile ${plain.home}/.ssh/id_ed25519\n  HostName 127.0.0.1\n  UpdateHostKeys no`;
  const file = join(place, 'config');
  const settings = [
    `Host node1\n  ${login}\n  Port ${server.port}`,
    `  ${(PLACES[each.place] ?? '').replaceAll('@', place)}`,
    `  StrictHostKeyChecking ${each.strict}`,
    ...(each.alias ? [`  HostKeyAlias ${ALIAS}`] : []),
    ...(each.jump ? ['  ProxyJump gate'] : []),
    `Host gate\n  ${login}\n  Port ${plain.port}\n  UserKnownHostsFile ${place}/gate\n  StrictHostKeyChecking yes`,
    'Host *\n  GlobalKnownHostsFile none\n  IdentitiesOnly yes\n  BatchMode yes\n  IdentityAgent none',
  ];
  writeFileSync(file, `${settings.join('\n')}\n`);
  return file;
}

function sshAccepts(config: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    execFile('ssh', ['-F', config, 'node1', 'true'], (error, _stdout, stderr) => {
      if (error === null) resolve(true);
      else if (/Host key verification failed|key is revoked|REVOKED|IDENTIFICATION HAS CHANGED/i.test(stderr))
        resolve(false);
      else reject(new Error(`${config}: ${stderr}`));
    });
  });
}

async function kbootAccepts(config: string): Promise<boolean> {
  try {
    const host = await connectSsh({ name: 'node1' }, { sshConfigFile: config, env: { HOME: plain.home } });
    await host[Symbol.asyncDispose]();
    return true;
  } catch (error) {
    if (error instanceof KbootError && error.code === 'HOST_KEY_REFUSED') return false;
    throw error;
  }
}

function* matrix(): Generator<Case> {
  for (const known of Object.keys(KNOWN))
    for (const strict of ['yes', 'accept-new', 'no', 'ask'] as const)
      for (const alias of [false, true]) {
        const common = { known, strict, alias };
        for (const place of Object.keys(PLACES)) yield { ...common, place, server: 'plain', jump: false };
        yield { ...common, place: 'one file', server: 'certified', jump: false };
        yield { ...common, place: 'one file', server: 'plain', jump: true };
      }
}

test('accepts and refuses the keys that ssh accepts and refuses, but for what is documented', async () => {
  // A sample goes through all of the matrix in steps that share no factor with its rows.
  const all = [...matrix()];
  const cases = isEverything ? all : all.filter((_case, index) => index % (SAMPLE * 2 + 1) === 0);
  const differences = new Map<string, number>();
  const outcomes = await fanOut(cases, 4, async (each) => {
    const place = mkdtempSync(join(folder, 'case-'));
    const [ssh, kboot] = [
      await sshAccepts(configure(each, join(place, 'ssh'))),
      await kbootAccepts(configure(each, join(place, 'kboot'))),
    ];
    rmSync(place, { recursive: true });
    const why = ssh === kboot ? undefined : difference(each, ssh);
    if (why !== undefined) differences.set(why, (differences.get(why) ?? 0) + 1);
    if (ssh !== kboot && why === undefined) throw new Error(`ssh ${ssh}, kboot ${kboot}`);
  });
  const bad = outcomes.flatMap((outcome) =>
    outcome.ok ? [] : [`${JSON.stringify(outcome.item)}: ${messageOf(outcome.error)}`],
  );
  console.info(
    `ssh and kboot: ${cases.length} of ${all.length} cases, documented differences: ${JSON.stringify(Object.fromEntries(differences))}`,
  );
  expect(bad).toEqual([]);
}, 900_000);
