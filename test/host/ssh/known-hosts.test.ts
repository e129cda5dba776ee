import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  addKnownHost,
  fingerprint,
  judge,
  keyType,
  knownHostsName,
  knownTypes,
  parseKnownHosts,
  readKnownHosts,
} from '../../../src/host/ssh/known-hosts.ts';
import { makeKey } from '../../helpers/sshd.ts';

let folder: string;
let ed25519: Buffer;
let other: Buffer;
let rsa: Buffer;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kboot-known-'));
  const make = (name: string, type: string): Buffer => {
    makeKey(type, join(folder, name));
    const words = readFileSync(join(folder, `${name}.pub`), 'utf8').split(' ');
    return Buffer.from(words[1] ?? '', 'base64');
  };
  ed25519 = make('a', 'ed25519');
  other = make('b', 'ed25519');
  rsa = make('c', 'rsa');
});
afterAll(() => rmSync(folder, { recursive: true }));

const TYPES = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ssh-rsa'];
const line = (hosts: string, key: Buffer): string => `${hosts} ${keyType(key)} ${key.toString('base64')}`;
const verdict = (text: string, host: string, port = 22, key = ed25519) =>
  judge(parseKnownHosts(text, 'known_hosts'), host, port, key, TYPES);

test('prints fingerprints as ssh-keygen does', () => {
  const printed = execFileSync('ssh-keygen', ['-lf', join(folder, 'a.pub')], { encoding: 'utf8' });
  expect(printed.split(' ')[1]).toBe(fingerprint(ed25519));
});

test('reads the type of a key, and none of what is no key', () => {
  expect([keyType(ed25519), keyType(rsa), keyType(Buffer.alloc(2))]).toEqual(['ssh-ed25519', 'ssh-rsa', '']);
});

test.each([
  ['node1', 'node1', 22, 'known'],
  ['node1,10.0.0.5', '10.0.0.5', 22, 'known'],
  ['Node1.Example.com', 'node1.example.COM', 22, 'known'],
  ['node1', 'node2', 22, 'unknown'],
  ['node1', 'node11', 22, 'unknown'],
  ['*.example.com', 'node1.example.com', 22, 'known'],
  ['*.example.com', 'example.com', 22, 'unknown'],
  ['node?', 'node7', 22, 'known'],
  ['node?', 'node77', 22, 'unknown'],
  ['*.example.com,!bad.example.com', 'bad.example.com', 22, 'unknown'],
  ['!bad,*', 'good', 22, 'known'],
  ['[node1]:2222', 'node1', 2222, 'known'],
  ['[node1]:2222', 'node1', 22, 'unknown'],
  ['[node1]:2222', 'node1', 2223, 'unknown'],
  ['[*]:2222', 'node1', 2222, 'known'],
  ['node1', 'node1', 2222, 'known'],
  ['fe80::1', 'FE80::1', 22, 'known'],
  ['[fe80::1]:2222', 'fe80::1', 2222, 'known'],
  ['a.b', 'aXb', 22, 'unknown'],
])('an entry for %s and the machine %s port %i: %s', (hosts, host, port, expected) => {
  expect(verdict(line(hosts, ed25519), host, port).is).toBe(expected);
});

test('says in which file and line another key stands', () => {
  const text = `# comment\n\n${line('elsewhere', ed25519)}\n${line('node1', other)}\n`;
  expect(verdict(text, 'node1')).toMatchObject({ is: 'changed', entry: { file: 'known_hosts', line: 4 } });
});

test('several keys may be known for one machine', () => {
  const text = `${line('node1', other)}\n${line('node1', ed25519)}\n`;
  expect(verdict(text, 'node1')).toEqual({ is: 'known' });
});

test('a machine that shows another type than the known one, although it was asked for that, has changed', () => {
  expect(verdict(line('node1', rsa), 'node1')).toMatchObject({ is: 'changed', entry: { type: 'ssh-rsa' } });
});

test('a known key of a type that cannot be compared does not count', () => {
  expect(verdict('node1 sk-ssh-ed25519@openssh.com AAAA', 'node1')).toEqual({ is: 'unknown' });
});

test('an entry without a port does not forbid another key on another port', () => {
  expect(verdict(line('node1', other), 'node1', 2222)).toEqual({ is: 'unknown' });
});

test('a revoked key is refused, also when it is known', () => {
  const text = `${line('node1', ed25519)}\n@revoked ${line('*', ed25519)}\n`;
  expect(verdict(text, 'node1')).toMatchObject({ is: 'revoked', entry: { line: 2 } });
  expect(verdict(text, 'node1', 22, other).is).toBe('changed');
});

test('the key of an authority is not the key of a machine', () => {
  expect(verdict(`@cert-authority ${line('*', ed25519)}`, 'node1')).toEqual({ is: 'unknown' });
  expect(verdict(`@cert-authority ${line('*', other)}`, 'node1')).toEqual({ is: 'unknown' });
});

test.each([
  'node1',
  'node1 ssh-ed25519',
  '@later node1 ssh-ed25519 AAAA',
  '# node1',
  '|1|broken ssh-ed25519 AAAA',
])('passes over the line %j', (text) => {
  expect(verdict(text, 'node1')).toEqual({ is: 'unknown' });
});

test('lists the types of the known keys', () => {
  const text = `${line('node1', rsa)}\n${line('n*', ed25519)}\n${line('node2', other)}\n@revoked ${line('*', other)}`;
  expect(knownTypes(parseKnownHosts(text, ''), 'node1', 22)).toEqual(['ssh-rsa', 'ssh-ed25519']);
});

describe('hashed names', () => {
  test.each([
    ['node1.example.com', 22],
    ['10.0.0.5', 2222],
  ])('ssh-keygen -H and kboot agree about %s port %i', (host, port) => {
    const file = join(folder, `hashed-${port}`);
    writeFileSync(file, `${line(knownHostsName(host, port), ed25519)}\n`);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/^\|1\|/);
    expect(verdict(text, host, port)).toEqual({ is: 'known' });
    expect(verdict(text, host, port, other)).toMatchObject({ is: 'changed' });
    expect(verdict(text, 'node2', port)).toEqual({ is: 'unknown' });
  });

  test('ssh-keygen finds what kboot has hashed', () => {
    const file = join(folder, 'by-kboot');
    addKnownHost(file, 'node1', 2222, ed25519, true);
    expect(readFileSync(file, 'utf8')).toMatch(/^\|1\|/);
    const found = execFileSync('ssh-keygen', ['-F', '[node1]:2222', '-f', file], { encoding: 'utf8' });
    expect(found).toContain(ed25519.toString('base64'));
  });
});

describe('adding a key', () => {
  test('makes file and folder for the owner alone', () => {
    const file = join(folder, 'new/known_hosts');
    addKnownHost(file, 'Node1', 2222, ed25519, false);
    expect(readFileSync(file, 'utf8')).toBe(`${line('[node1]:2222', ed25519)}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o700);
  });

  test('starts a line of its own and keeps what is there', () => {
    const file = join(folder, 'no-newline');
    writeFileSync(file, line('node2', other));
    addKnownHost(file, 'node1', 22, ed25519, false);
    expect(readFileSync(file, 'utf8')).toBe(`${line('node2', other)}\n${line('node1', ed25519)}\n`);
  });

  test('does not add what is there', () => {
    const file = join(folder, 'twice');
    addKnownHost(file, 'node1', 22, ed25519, false);
    addKnownHost(file, 'node1', 22, ed25519, true);
    expect(readKnownHosts([file])).toHaveLength(1);
  });

  test('is understood by kboot for any host and port', () => {
    const label = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,20}$/);
    fc.assert(
      fc.property(label, fc.integer({ min: 1, max: 65535 }), fc.boolean(), (host, port, hashed) => {
        const file = join(folder, 'any');
        rmSync(file, { force: true });
        addKnownHost(file, host, port, ed25519, hashed);
        const entries = readKnownHosts([file]);
        expect(judge(entries, host, port, ed25519, TYPES).is).toBe('known');
        expect(judge(entries, host, port, other, TYPES).is).toBe('changed');
      }),
      { numRuns: 50 },
    );
  });
});

test('reads several files, and none where none is', () => {
  const file = join(folder, 'several');
  writeFileSync(file, line('node1', ed25519));
  expect(readKnownHosts([join(folder, 'missing'), file]).map((entry) => entry.file)).toEqual([file]);
});
