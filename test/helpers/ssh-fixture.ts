import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { connectSsh, type SshOptions, type SshTarget } from '../../src/host/ssh/connect.ts';
import type { Sshd } from './sshd.ts';

/** What a test needs to connect to a server, with an empty scratch folder for each test. */
export function sshFixture(sshd: () => Sshd) {
  let scratch = '';
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'kboot-connect-'));
  });
  afterEach(() => rmSync(scratch, { recursive: true }));

  const known = (): string => join(scratch, 'known_hosts');
  const configFile = (text: string): string => {
    const file = join(scratch, `config-${text.length}`);
    writeFileSync(file, text);
    return file;
  };
  return {
    scratch: (): string => scratch,
    known,
    configFile,
    there: (more: Partial<SshTarget> = {}): SshTarget => ({
      name: 'node1',
      address: '127.0.0.1',
      port: sshd().port,
      user: 'root',
      ...more,
    }),
    options: (more: Partial<SshOptions> = {}): SshOptions => ({
      env: { HOME: sshd().home },
      knownHostsFile: known(),
      // Debian's own hashes the names of hosts.
      sshConfigFile: configFile(''),
      ...more,
    }),
  };
}

/** Connects, asks who is logged in, and leaves. */
export async function whoAmI(target: SshTarget, options: SshOptions): Promise<string> {
  await using host = await connectSsh(target, options);
  return (await host.query({ argv: ['id', '-un'] })).stdout.trim();
}

/** The public host key of a server, as it stands in known_hosts. */
export function keyOf(sshd: Sshd, type = 'ed25519'): string {
  return sshd.hostKeys[type] ?? '';
}
