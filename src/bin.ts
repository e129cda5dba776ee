#!/usr/bin/env node
import { setMaxListeners } from 'node:events';
import { homedir } from 'node:os';
import process from 'node:process';
import { main } from './cli/main.ts';
import { EXIT_CODES, KbootError } from './lib/errors.ts';

/** How long a finished run may wait for what it left open (a connection, a timer) before it ends anyway. */
const LINGER_MS = 2000;

const cancelled = new AbortController();
// All that is under way listens to it: many machines are no leak.
setMaxListeners(0, cancelled.signal);
let exitCode: number = EXIT_CODES.CANCELLED;

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (cancelled.signal.aborted) process.exit(exitCode);
    cancelled.abort(
      new KbootError('CANCELLED', `stopped by ${name === 'SIGINT' ? 'Ctrl-C' : name}`, {
        hint: 'run the same command again: it goes on where it stopped',
      }),
    );
  });
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // The reader went away (`kboot ... | head`): machines are being changed all the same, so the run goes on.
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}

exitCode = await main({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
  // Opened only by who reads it.
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
  signal: cancelled.signal,
});
// Not process.exit(): it would cut off what is still being written to a pipe.
process.exitCode = exitCode;
setTimeout(() => process.exit(exitCode), LINGER_MS).unref();
