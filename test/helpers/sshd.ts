import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A real OpenSSH server of the test's own on 127.0.0.1, with a home folder for the client. */
export interface Sshd {
  readonly port: number;
  /** Holds .ssh/id_ed25519, which the server lets in. */
  readonly home: string;
  readonly folder: string;
  readonly knownHosts: string;
  /** The public host keys, by type. */
  readonly hostKeys: Readonly<Record<string, string>>;
  /** Process ids of the servers of open connections. */
  connections(): number[];
  /** Ends the server and all of its connections. */
  stop(): void;
}

interface SshdOptions {
  /** Lines added to sshd_config. */
  readonly config?: readonly string[];
  /** Types of host keys; one ed25519 key when absent. */
  readonly hostKeyTypes?: readonly ('ed25519' | 'ecdsa' | 'rsa')[];
  /** Share the keys and the home of another server. */
  readonly home?: string;
  readonly port?: number;
}

const SSHD = '/usr/sbin/sshd';

export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), 'kboot-sshd-'));
  const home = options.home ?? join(folder, 'home');
  const port = options.port ?? (await freePort());
  const types = options.hostKeyTypes ?? ['ed25519'];
  const hostKeys: Record<string, string> = {};
  for (const type of types) {
    const file = join(folder, `host_${type}`);
    makeKey(type, file);
    hostKeys[type] = readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  }
  mkdirSync(join(home, '.ssh'), { recursive: true, mode: 0o700 });
  if (options.home === undefined) makeKey('ed25519', join(home, '.ssh/id_ed25519'));
  mkdirSync('/run/sshd', { recursive: true });
  const authorized = join(folder, 'authorized_keys');
  writeFileSync(authorized, readFileSync(join(home, '.ssh/id_ed25519.pub')));
  chmodSync(folder, 0o755);
  const config = join(folder, 'sshd_config');
  const lines = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    ...types.map((type) => `HostKey ${join(folder, `host_${type}`)}`),
    `PidFile none`,
    `AuthorizedKeysFile ${authorized}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin yes',
    // The startup files of whoever runs the tests are none of theirs.
    `SetEnv HOME=${folder}`,
    ...(options.config ?? []),
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const server = spawn(SSHD, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  await untilListening(server, port);
  const connections = (): number[] => childrenOf(server.pid ?? 0);
  return {
    port,
    home,
    folder,
    knownHosts: join(home, '.ssh/known_hosts'),
    hostKeys,
    connections,
    stop() {
      for (const pid of connections()) kill(pid);
      server.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Makes a key pair without a passphrase, or with one. */
export function makeKey(type: string, file: string, passphrase = ''): void {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', `test-${type}`, '-f', file]);
}

/** Ends a process at once, and everything it started. */
export function kill(pid: number): void {
  const children = childrenOf(pid);
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
  for (const child of children) kill(child);
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

async function untilListening(server: ChildProcess, port: number): Promise<void> {
  let log = '';
  server.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  for (let tries = 0; tries < 200; tries++) {
    if (server.exitCode !== null) throw new Error(`sshd: ${log}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    await delay(20);
  }
  throw new Error(`sshd does not listen: ${log}`);
}
