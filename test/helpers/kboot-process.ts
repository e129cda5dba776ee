import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { env, execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { inject } from 'vitest';

/** Where the default bundle is: built once for all suites, and kept for the next run. */
export const CACHE_HOME = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');

/** One line of `--events`. */
export interface EventLine {
  readonly type: string;
  readonly phase?: string;
  readonly host?: string;
  readonly ok?: boolean;
  readonly ms?: number;
  readonly text?: string;
  readonly because?: string;
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
  readonly failures?: readonly EventLine[];
}

/** How kboot ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What stands on standard error when `--events` was given. */
  readonly events: readonly EventLine[];
}

export interface KbootProcess {
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts the compiled program in a folder, which is also its home: its ssh config, its logs and its kboot.yaml are
 * there. The cache is that of the user who runs the tests.
 */
export function startKboot(
  folder: string,
  argv: readonly string[],
  onEvent: (event: EventLine) => void = () => {},
): KbootProcess {
  const child = spawn(execPath, [inject('e2e').program, ...argv], {
    cwd: folder,
    env: {
      PATH: env['PATH'],
      HOME: folder,
      XDG_CACHE_HOME: CACHE_HOME,
      XDG_STATE_HOME: join(folder, 'state'),
      // What the build of the default bundle takes from the user's own set-up.
      ...Object.fromEntries(Object.entries(env).filter(([name]) => /^(GO|.*_proxy$)/i.test(name))),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  const events: EventLine[] = [];
  child.stdout.on('data', (chunk) => {
    said.stdout += chunk;
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.stderr += `${line}\n`;
    if (!line.startsWith('{')) return;
    const event: EventLine = JSON.parse(line);
    events.push(event);
    onEvent(event);
  });
  return {
    ended: once(child, 'close').then(([code, signal]) => ({ code, signal, ...said, events })),
    kill: (signal) => child.kill(signal),
  };
}

/** Runs kboot to its end. */
export function runKboot(folder: string, ...argv: readonly string[]): Promise<Ended> {
  return startKboot(folder, argv).ended;
}

/** Runs kboot and gives back its standard output. Fails the test, with all that was said, when it does not end well. */
export async function kbootOk(folder: string, ...argv: readonly string[]): Promise<string> {
  const { code, signal, stdout, stderr } = await runKboot(folder, ...argv);
  if (code !== 0) throw new Error(`kboot ${argv.join(' ')}: ${code ?? signal}\n${stdout}\n${stderr}`);
  return stdout;
}
