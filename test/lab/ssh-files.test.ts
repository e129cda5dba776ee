import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { knownHostsText, sshConfigText } from '../../src/lab/ssh-files.ts';
import { labFolder } from '../../src/lab/state.ts';

const MACHINES = [
  { name: 'master.example.com', role: 'master', address: '10.89.3.11' },
  { name: 'node1.example.com', role: 'node', address: '10.89.3.51' },
] as const;
const BASTION = { name: 'bastion.example.com', role: 'bastion', address: '10.89.3.5' } as const;

const folder = mkdtempSync(join(tmpdir(), 'kboot test '));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the real ssh makes of an ssh_config, for one host. */
function asSshSeesIt(text: string, host: string): ReadonlyMap<string, string> {
  const path = join(folder, 'ssh_config');
  writeFileSync(path, text);
  const lines = execFileSync('ssh', ['-G', '-T', '-F', path, host], { encoding: 'utf8' }).trim().split('\n');
  return new Map(lines.map((line) => [line.split(' ', 1)[0] ?? '', line.slice(line.indexOf(' ') + 1)]));
}

test('known_hosts names every machine and its address', () => {
  const machines = MACHINES.map((machine, index) => ({ ...machine, hostKey: `ssh-ed25519 AAA${index}` }));
  expect(knownHostsText(machines)).toBe(
    'master.example.com,10.89.3.11 ssh-ed25519 AAA0\nnode1.example.com,10.89.3.51 ssh-ed25519 AAA1\n',
  );
});

describe('ssh_config', () => {
  const files = labFolder('mine', { env: {}, home: '/home/ada' });
  const spaced = labFolder('mine', { env: { XDG_STATE_HOME: join(folder, 'a state') }, home: '/' });

  test('text', () => {
    expect(sshConfigText(MACHINES, 'root', files)).toMatchInlineSnapshot(`
      "# Written by kboot lab up; kboot lab down removes it.

      Host master.example.com master
        HostName 10.89.3.11
        User root
        IdentityFile /home/ada/.local/state/kboot/labs/mine/id_ed25519
        IdentitiesOnly yes
        UserKnownHostsFile /home/ada/.local/state/kboot/labs/mine/known_hosts
        StrictHostKeyChecking yes

      Host node1.example.com node1
        HostName 10.89.3.51
        User root
        IdentityFile /home/ada/.local/state/kboot/labs/mine/id_ed25519
        IdentitiesOnly yes
        UserKnownHostsFile /home/ada/.local/state/kboot/labs/mine/known_hosts
        StrictHostKeyChecking yes
      "
    `);
  });

  test.each(['node1.example.com', 'node1'])('ssh understands it for %s, blanks in paths included', (host) => {
    const seen = asSshSeesIt(sshConfigText(MACHINES, 'ada', spaced), host);
    expect(seen.get('hostname')).toBe('10.89.3.51');
    expect(seen.get('user')).toBe('ada');
    expect(seen.get('identityfile')).toBe(spaced.key);
    expect(seen.get('userknownhostsfile')).toBe(spaced.knownHosts);
    expect(seen.get('stricthostkeychecking')).toBe('true');
    expect(seen.has('proxyjump')).toBe(false);
  });

  test('with a bastion, the others are reached through it, and it as root', () => {
    const text = sshConfigText([BASTION, ...MACHINES], 'ada', files);
    expect(asSshSeesIt(text, 'node1').get('proxyjump')).toBe('bastion.example.com');
    expect(asSshSeesIt(text, 'node1').get('user')).toBe('ada');
    expect(asSshSeesIt(text, 'bastion').has('proxyjump')).toBe(false);
    expect(asSshSeesIt(text, 'bastion').get('user')).toBe('root');
  });
});
