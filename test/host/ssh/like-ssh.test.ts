import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KbootError } from '../../../src/lib/errors.ts';
import { whoAmI } from '../../helpers/ssh-fixture.ts';
import { makeKey, type Sshd, startSshd } from '../../helpers/sshd.ts';

// The real ssh beside kboot: both connect with the same configuration, and both accept or both refuse. A
// difference that is wanted stands in DIFFERENCES with its reason; any other fails.

let sshd: Sshd;
let gate: Sshd;
let folder: string;
const keys: Record<string, string> = {};

beforeAll(async () => {
  sshd = await startSshd({ hostKeyTypes: ['ed25519', 'rsa'] });
  gate = await startSshd({ home: sshd.home });
  folder = mkdtempSync(join(tmpdir(), 'kboot-like-ssh-'));
  for (const name of ['other', 'authority']) {
    makeKey('ed25519', join(folder, name));
    keys[name] = keyIn(join(folder, `${name}.pub`));
  }
  keys['right'] = sshd.hostKeys['ed25519'] ?? '';
  keys['rsa'] = sshd.hostKeys['rsa'] ?? '';
  keys['gate'] = gate.hostKeys['ed25519'] ?? '';
});
afterAll(() => {
  sshd?.stop();
  gate?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const keyIn = (file: string): string => readFileSync(file, 'utf8').split(' ').slice(0, 2).join(' ');

/** Lines of known_hosts: NAME is the name that ssh looks up, BARE the one without a port, KEYs those above. */
const KNOWN: Readonly<Record<string, string>> = {
  empty: '',
  right: 'NAME RIGHT',
  'another key': 'NAME OTHER',
  'without the port': 'BARE RIGHT',
  'another without the port': 'BARE OTHER',
  'alias with the port': '[BARE]:PORT OTHER',
  'both keys': 'NAME OTHER\nNAME RIGHT',
  'rsa only': 'NAME RSA',
  'right rsa, another ed25519': 'NAME RSA\nNAME OTHER',
  wildcard: '* RIGHT',
  'wildcard, another': '* OTHER',
  negated: '!NAME,* OTHER',
  list: 'elsewhere,NAME,10.9.9.9 RIGHT a comment',
  comment: '# NAME OTHER\n\n  NAME RIGHT',
  'broken key': 'NAME ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==',
  'wrong type': 'NAME ssh-rsa RIGHTBLOB',
  'only a name': 'NAME',
  'line ends of DOS': 'NAME RIGHT\r',
  hashed: 'HASH(NAME RIGHT)',
  'hashed, another': 'HASH(NAME OTHER)',
  revoked: '@revoked NAME RIGHT',
  'revoked and known': 'NAME RIGHT\n@revoked * RIGHT',
  'another is revoked': 'NAME RIGHT\n@revoked * OTHER',
  'revoked without the port': '@revoked BARE RIGHT\nBARE RIGHT',
  authority: '@cert-authority NAME AUTHORITY',
  'authority and known': '@cert-authority * AUTHORITY\nNAME RIGHT',
};

/** Settings of a section; FILE is the file with the lines above. */
const SETTINGS: Readonly<Record<string, readonly string[]>> = {
  plain: ['UserKnownHostsFile FILE'],
  alias: ['HostKeyAlias cluster', 'UserKnownHostsFile FILE'],
  'second file': ['UserKnownHostsFile FILE.none FILE'],
  '%k': ['UserKnownHostsFile FILE-%k'],
  none: ['UserKnownHostsFile none'],
  'global file': ['UserKnownHostsFile none', 'GlobalKnownHostsFile FILE'],
  'RevokedHostKeys of the key': ['UserKnownHostsFile FILE', 'RevokedHostKeys FILE.revoked'],
  'RevokedHostKeys that is not there': ['UserKnownHostsFile FILE', 'RevokedHostKeys FILE.missing'],
  'jump host': ['UserKnownHostsFile FILE', 'ProxyJump gate'],
  CheckHostIP: ['UserKnownHostsFile FILE', 'CheckHostIP yes'],
};
const STRICT = ['yes', 'accept-new', 'ask', 'no', 'off'];

interface Case {
  readonly known: string;
  readonly settings: string;
  readonly strict: string;
}
type Verdict = 'accepts' | 'refuses';

/** Where kboot is to differ from ssh: the reason, and which cases are meant. */
const DIFFERENCES: readonly { why: string; ssh: Verdict; meant: (c: Case) => boolean }[] = [
  {
    why: 'kboot asks nobody: a key that was never seen is taken as with accept-new',
    ssh: 'refuses',
    meant: ({ strict }) => strict === 'ask',
  },
  {
    why: 'kboot never accepts a key that has changed or is revoked',
    ssh: 'accepts',
    meant: ({ strict, known }) =>
      ['no', 'off'].includes(strict) && /another|revoked|alias with|both/.test(known),
  },
  {
    why: 'kboot takes no key as new where an authority should vouch for it: it cannot check certificates',
    ssh: 'accepts',
    meant: ({ known }) => known === 'authority',
  },
  {
    why: 'a key that is revoked without a port is revoked on every port',
    ssh: 'accepts',
    meant: ({ known }) => known === 'revoked without the port',
  },
];

const cases: Case[] = Object.keys(KNOWN).flatMap((known) =>
  Object.keys(SETTINGS).flatMap((settings) => STRICT.map((strict) => ({ known, settings, strict }))),
);
// Every value meets every other in the whole matrix; a sample is spread evenly over it.
const STEP = env['KBOOT_E2E_ALL'] === '1' ? 1 : 29;
const chosen = cases.filter((_case, index) => index % STEP === 0);

/** Writes what a case needs; a file and a name of its own for each of the two who connect. */
function prepare({ known, settings, strict }: Case, who: string): string {
  const base = join(mkdtempSync(join(folder, `${who}-`)), 'known');
  const bare = settings === 'alias' ? 'cluster' : '127.0.0.1';
  const name = settings === 'alias' ? 'cluster' : `[127.0.0.1]:${sshd.port}`;
  const filled = (KNOWN[known] ?? '')
    .replaceAll('NAME', name)
    .replaceAll('BARE', bare)
    .replaceAll('PORT', `${sshd.port}`)
    .replaceAll('RIGHTBLOB', keys['right']?.split(' ')[1] ?? '')
    .replaceAll('RIGHT', keys['right'] ?? '')
    .replaceAll('OTHER', keys['other'] ?? '')
    .replaceAll('RSA', keys['rsa'] ?? '')
    .replaceAll('AUTHORITY', keys['authority'] ?? '');
  const hashed = /^HASH\((.*)\)$/.exec(filled)?.[1];
  for (const file of [base, `${base}-target`]) {
    writeFileSync(file, `${hashed ?? filled}\n`);
    if (hashed !== undefined) execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
  }
  writeFileSync(`${base}.revoked`, `${keys['right']}\n`);
  writeFileSync(`${base}.gate`, `[127.0.0.1]:${gate.port} ${keys['gate']}\n`);
  const config = [
    'Host gate',
    `  Port ${gate.port}`,
    `  UserKnownHostsFile ${base}.gate`,
    'Host target',
    `  Port ${sshd.port}`,
    ...(SETTINGS[settings] ?? []).map((line) => `  ${line.replaceAll('FILE', base)}`),
    `  StrictHostKeyChecking ${strict}`,
    'Host *',
    '  HostName 127.0.0.1',
    '  User root',
    '  GlobalKnownHostsFile none',
    `  IdentityFile ${sshd.home}/.ssh/id_ed25519`,
    '  IdentitiesOnly yes',
    '  UpdateHostKeys no',
    '',
  ];
  writeFileSync(`${base}.config`, config.join('\n'));
  return `${base}.config`;
}

function bySsh(config: string): Promise<Verdict> {
  const args = ['-F', config, '-o', 'BatchMode=yes', 'target', 'true'];
  return new Promise((resolve, reject) => {
    execFile('ssh', args, (error, _stdout, stderr) => {
      if (error === null) resolve('accepts');
      else if (/verification failed/i.test(stderr)) resolve('refuses');
      else reject(new Error(stderr));
    });
  });
}

async function byKboot(config: string, home: string): Promise<Verdict> {
  const options = { sshConfigFile: config, env: { HOME: home }, connectTimeoutMs: 60_000 };
  try {
    await whoAmI({ name: 'target' }, options);
    return 'accepts';
  } catch (error) {
    if (error instanceof KbootError && error.code === 'HOST_KEY_REFUSED') return 'refuses';
    throw error;
  }
}

test(`kboot accepts and refuses what ssh does: ${chosen.length} of ${cases.length} cases, with ssh -G and without`, async () => {
  const wrong: string[] = [];
  const used = new Map<string, number>();
  for (const one of chosen) {
    // With another home folder than the user database has, kboot reads the configuration itself.
    const [ssh, asked, read] = await Promise.all([
      bySsh(prepare(one, 'ssh')),
      byKboot(prepare(one, 'asked'), userInfo().homedir),
      byKboot(prepare(one, 'read'), sshd.home),
    ]);
    const allowed = DIFFERENCES.find((difference) => difference.ssh === ssh && difference.meant(one));
    if (asked === ssh && read === ssh) continue;
    if (asked === read && allowed !== undefined) used.set(allowed.why, (used.get(allowed.why) ?? 0) + 1);
    else wrong.push(`${JSON.stringify(one)}: ssh ${ssh}, kboot ${asked} (ssh -G), ${read} (itself)`);
  }
  console.info([...used].map(([why, count]) => `${count} cases: ${why}`).join('\n'));
  expect(wrong).toEqual([]);
  expect(used.size).toBeGreaterThan(0);
}, 2_700_000);
