import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { builtProgram } from '../helpers/built.ts';

const program = builtProgram();

/** A machine that takes connections and never says a word. */
let silent: Server;
let folder = '';

beforeAll(async () => {
  silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(silent, 'listening');
});
afterAll(() => {
  silent.close();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kboot-bin-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Starts kboot in a folder and a home of its own. */
function start(argv: readonly string[], command = process.execPath, before: readonly string[] = [program]) {
  const child = spawn(command, [...before, ...argv], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    said.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.stderr += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...said }));
  return { child, said, ended };
}

async function writeClusterFile(): Promise<void> {
  const { port } = silent.address() as AddressInfo;
  const machine = `{ name: m, ssh: { host: 127.0.0.1, port: ${port} } }`;
  await writeFile(join(folder, 'kboot.yaml'), `apiVersion: kboot/v1\nkind: Cluster\nmasters: [${machine}]\n`);
}

test('runs through the link that npm makes of it', async () => {
  const link = join(folder, 'kboot');
  await symlink(program, link);
  expect(await start(['--version'], process.execPath, [link]).ended).toMatchObject({
    code: 0,
    stdout: `${packageJson.version}\n`,
    stderr: '',
  });
});

test('a reader that goes away is no error', async () => {
  const pipeline = `"$0" "$1" --help | true; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await start([program], 'bash', ['-c', pipeline, process.execPath]).ended;
  expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' });
});

test('a wrong cluster file: every error, exit code 3, nothing else', async () => {
  await writeFile(join(folder, 'kboot.yaml'), 'apiVersion: kboot/v1\nkind: Cluster\nmasters: [M]\nfoo: 1\n');
  const { code, stdout, stderr } = await start(['reset', '--yes']).ended;
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toContain('kboot.yaml:3: masters[0].name: must be lower case: write m\n');
  expect(stderr).toContain('kboot.yaml:4: foo: is not a known field');
});

test('reset without a terminal and without --yes refuses', async () => {
  await writeClusterFile();
  const { code, stderr } = await start(['reset']).ended;
  expect(code).toBe(14);
  expect(stderr).toContain('to do: add --yes when you are sure');
});

test.each([
  ['SIGINT', 'stopped by Ctrl-C'],
  ['SIGTERM', 'stopped by SIGTERM'],
] as const)('%s ends a run that waits for a machine, and says how to go on', async (signal, message) => {
  await writeClusterFile();
  const connected = once(silent, 'connection');
  const { child, ended } = start(['reset', '--yes']);
  await connected;
  child.kill(signal);
  const { code, stderr } = await ended;
  expect(code).toBe(130);
  expect(stderr).toContain(
    `kboot: ${message}\nto do: run the same command again: it goes on where it stopped\n`,
  );
  expect(await readdir(join(folder, '.local/state/kboot/logs'))).toHaveLength(1);
});

test('a second Ctrl-C ends at once', async () => {
  await writeClusterFile();
  const connected = once(silent, 'connection');
  const { child, ended } = start(['reset', '--yes']);
  await connected;
  // Both arrive before kboot can run on: it is asleep meanwhile.
  child.kill('SIGSTOP');
  child.kill('SIGINT');
  child.kill('SIGTERM');
  child.kill('SIGCONT');
  const { code, stderr } = await ended;
  expect(code).toBe(130);
  expect(stderr).not.toContain('to do:');
});
