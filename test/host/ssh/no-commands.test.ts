import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectSsh } from '../../../src/host/ssh/connect.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kboot-commands-'));
  mkdirSync(join(folder, '.ssh'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Nothing listens at port 1, so a configuration that is taken ends as unreachable. */
const connect = (file: string, home: string, name = 'a') =>
  connectSsh({ name, address: '127.0.0.1', port: 1 }, { sshConfigFile: file, env: { HOME: home } });

const HOMES = [
  ['with ssh -G', () => userInfo().homedir],
  ['without', () => folder],
] as const;

for (const [how, home] of HOMES) {
  test.each([
    'Match exec "touch RAN"',
    'Match host a !exec "touch RAN"',
    'Match "exec" "touch RAN"',
    'Match ex"ec" "touch RAN"',
    '"Match" exec "touch RAN"',
    'match=exec "touch RAN"',
    'KnownHostsCommand /usr/bin/touch RAN',
    'LocalCommand touch RAN',
    'ProxyCommand touch RAN',
    'PKCS11Provider /tmp/x.so',
    'SecurityKeyProvider /tmp/x.so',
    'Include FOLDER/included',
    'Include %d/included',
    'Include FOLDER/*/included',
  ])(`a configuration that the cluster file names starts no program: %s, ${how}`, async (line) => {
    const ran = join(folder, 'ran');
    const fill = (text: string) => text.replaceAll('RAN', ran).replaceAll('FOLDER', folder);
    writeFileSync(join(folder, 'included'), fill('Match exec "touch RAN"\n'));
    writeFileSync(join(folder, 'config'), fill(`${line}\n`));
    await expect(connect(join(folder, 'config'), home())).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(existsSync(ran)).toBe(false);
  });
}

test('what starts programs may stand in the operator’s own folder', async () => {
  writeFileSync(join(folder, '.ssh/mine'), 'Match exec "true"\n');
  await expect(connect(join(folder, '.ssh/mine'), folder)).rejects.toMatchObject({
    code: 'HOST_UNREACHABLE',
  });
});

test.each(['$(touch x)', '-oProxyCommand=x', 'a b', 'a;b'])('%j is no name of a machine', async (name) => {
  writeFileSync(join(folder, 'config'), '');
  await expect(connect(join(folder, 'config'), folder, name)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
  });
});
