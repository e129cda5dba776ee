import { randomBytes } from 'node:crypto';
import { RUN_DIR } from '../cluster/paths.ts';
import { STREAM_MARK, script } from '../host/command.ts';
import type { Host } from '../host/host.ts';
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

/**
 * Takes the machine's lock, waits for commands that an earlier holder left running, and keeps the lock while
 * something comes on standard input: it dies with the connection, and a connection that only falls silent counts as
 * dead. Streams that are left then are ended, but for those in a container on the machine: another run works on that.
 * $1 says who holds it, $2 how long to wait, $3 how long silence may last, $4 is what its holder proves by that
 * it is still the holder. The file is unlinked at the end, so a lock that was won on an unlinked file is tried again.
 */
const LOCK = `
umask 077
while :; do
  mkdir -p ${RUN_DIR}
  exec 9>>${RUN_DIR}/lock
  if ! flock -n 9; then
    echo "held $(cat ${RUN_DIR}/lock.owner 2>/dev/null)"
    exit 0
  fi
  [ ${RUN_DIR}/lock -ef /proc/self/fd/9 ] && break
done
trap '
  for pid in $(grep -lzsxF ${STREAM_MARK} /proc/[0-9]*/environ | cut -d/ -f3); do
    if [ "/proc/$pid/ns/pid" -ef /proc/self/ns/pid ]; then kill "$pid" 2>/dev/null || true; fi
  done
  flock -n ${BUSY} rm -f ${BUSY} || true
  rm -f ${RUN_DIR}/lock.owner ${LOCK_TOKEN} ${RUN_DIR}/lock
  rmdir ${RUN_DIR} 2>/dev/null || true
' EXIT
trap 'exit 0' HUP TERM INT
echo "$1" > ${RUN_DIR}/lock.owner
echo "$4" > ${LOCK_TOKEN}
if flock -w "$2" ${BUSY} true; then echo locked; else echo busy; fi
while [ -n "$(timeout "$3" head -c 1 | od -A n -c)" ]; do :; done
`;

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
  const args = [owner, String(BUSY_TIMEOUT_S), String(silenceS), token];
  const held = await host.hold(
    { ...script(LOCK, ...args), sudo: true, timeoutMs: (BUSY_TIMEOUT_S + 30) * 1000 },
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
