import { randomBytes } from 'node:crypto';
import { RUN_DIR } from '../cluster/paths.ts';
import { STREAM_MARK } from '../host/command.ts';
import type { Host } from '../host/host.ts';
import { remoteScript } from '../host/remote-script.ts';
import { KbootError } from '../lib/errors.ts';
import { escapeLine } from '../lib/escape.ts';
import { BUSY, LOCK_TOKEN } from './exclusive-host.ts';

/** Characters of what the machine says about who holds its lock. */
const LONGEST_OWNER = 200;

/** How long a command that a killed run left behind may take to end, in seconds. */
const BUSY_TIMEOUT_S = 300;

/**
 * After so many seconds without a sign of life from its holder the lock is let go. Several of them are missing by then
 * (HEARTBEAT_MS): a busy operator's computer is not taken for a dead one.
 */
const SILENCE_S = 45;

/** A machine's lock, until it is disposed or its holder falls silent. */
export interface Lock extends AsyncDisposable {
  /** Proves to the machine that a change comes from the holder: see ExclusiveHost. */
  readonly token: string;
}

/**
 * Takes a machine's lock. Throws LOCKED, naming the holder and since when, if somebody else has it, and when a
 * command of an earlier run does not come to its end.
 */
export async function lockHost(
  host: Host,
  owner: string,
  signal?: AbortSignal,
  silenceS: number = SILENCE_S,
): Promise<Lock> {
  const token = randomBytes(8).toString('hex');
  const args = [
    ...[owner, String(BUSY_TIMEOUT_S), String(silenceS), token],
    ...[RUN_DIR, BUSY, LOCK_TOKEN, STREAM_MARK],
  ];
  const held = await host.hold(
    { ...remoteScript('session/lock', ...args), sudo: true, timeoutMs: (BUSY_TIMEOUT_S + 30) * 1000 },
    signal,
  );
  if (held.firstLine === 'locked') {
    return { token, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
  }
  await held[Symbol.asyncDispose]();
  if (held.firstLine === 'busy') {
    throw new KbootError('LOCKED', `${host.name}: a command of an earlier run is still at work`, {
      host: host.name,
      hint: `see what runs on ${host.name} (fuser ${BUSY}), and try again when it is over`,
    });
  }
  const who = escapeLine(held.firstLine.replace(/^held\s*/, '').slice(0, LONGEST_OWNER)) || 'somebody';
  throw new KbootError('LOCKED', `${host.name}: another kboot is at work: ${who}`, {
    host: host.name,
    hint: 'wait until it ends; the lock goes away with its connection',
  });
}
