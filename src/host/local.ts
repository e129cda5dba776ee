import { userInfo } from 'node:os';
import { finished, Readable } from 'node:stream';
import { execa } from 'execa';
import type { Ending } from './command-error.ts';
import type { Execution, Executor } from './executor.ts';
import type { Host } from './host.ts';
import { orAborted } from './or-aborted.ts';
import { ShellHost } from './shell-host.ts';
import { toSource } from './source.ts';

const COMMAND_TIMEOUT_MS = 300_000;

/** This machine as a Host: the same lines, the same environment and the same errors as over SSH. */
export function openLocalHost(name: string, commandTimeoutMs = COMMAND_TIMEOUT_MS): Promise<Host> {
  return ShellHost.open({ name, user: userInfo().username, executor: new LocalExecutor(), commandTimeoutMs });
}

class LocalExecutor implements Executor {
  readonly lostBy = undefined;

  execute(line: string, execution: Execution): Promise<Ending | undefined> {
    return this.#start(line, execution);
  }

  executeBeside(line: string, execution: Execution): Promise<Ending | undefined> {
    return this.#start(line, execution);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #start(line: string, { stdin, signal, onStdout, onStderr }: Execution): Promise<Ending> {
    signal.throwIfAborted();
    const source = toSource(stdin);
    const child = execa('/bin/sh', ['-c', line], { stdin: 'pipe', buffer: false, reject: false });
    child.stdout.on('data', onStdout);
    child.stderr.on('data', onStderr);
    // A command may end without reading its input.
    child.stdin.on('error', () => {});
    let unwatch = (): void => {};
    const broken = new Promise<never>((_resolve, reject) => {
      if (!(source instanceof Readable)) return void child.stdin.end(source);
      unwatch = finished(source, { writable: false }, (error) => error && reject(error));
      source.pipe(child.stdin);
    });
    try {
      const { exitCode, signal: killedBy } = await orAborted(signal, Promise.race([child, broken]));
      return killedBy === undefined ? { exitCode: exitCode ?? 127 } : { signal: killedBy };
    } finally {
      unwatch();
      child.stdin.destroy();
      if (source instanceof Readable) source.destroy();
    }
  }
}
