import { RUN_DIR } from '../facts/paths.ts';
import { script } from '../host/command.ts';
import type { Held, Host } from '../host/host.ts';
import { KbootError } from '../lib/errors.ts';
import { BUSY } from './exclusive-host.ts';

/** How long a command that a killed run left behind may take to end, in seconds. */
const BUSY_TIMEOUT_S = 300;

/**
 * Takes the machine's lock, waits for commands that an earlier holder left running, and keeps the lock while
 * standard input stays open: it dies with the connection. $1 says who holds it, $2 how long to wait. The file is
 * unlinked at the end, so a lock that was won on an unlinked file is tried again.
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
  flock -n ${BUSY} rm -f ${BUSY} || true
  rm -f ${RUN_DIR}/lock.owner ${RUN_DIR}/lock
  rmdir ${RUN_DIR} 2>/dev/null || true
' EXIT
trap 'exit 0' HUP TERM INT
echo "$1" > ${RUN_DIR}/lock.owner
if flock -w "$2" ${BUSY} true; then echo locked; else echo busy; fi
cat >/dev/null
`;

/**
 * Takes a machine's lock. Throws LOCKED, naming the holder and since when, if somebody else has it, and when a
 * command of an earlier run does not come to its end.
 */
export async function lockHost(host: Host, owner: string, signal?: AbortSignal): Promise<Held> {
  const held = await host.hold(
    { ...script(LOCK, owner, String(BUSY_TIMEOUT_S)), sudo: true, timeoutMs: (BUSY_TIMEOUT_S + 30) * 1000 },
    signal,
  );
  if (held.firstLine === 'locked') return held;
  await held[Symbol.asyncDispose]();
  if (held.firstLine === 'busy') {
    throw new KbootError('LOCKED', `${host.name}: a command of an earlier run is still at work`, {
      host: host.name,
      hint: `see what runs on ${host.name} (fuser ${BUSY}), and try again when it is over`,
    });
  }
  const who = held.firstLine.replace(/^held\s*/, '') || 'somebody';
  throw new KbootError('LOCKED', `${host.name}: another kboot is at work: ${who}`, {
    host: host.name,
    hint: 'wait until it ends; the lock goes away with its connection',
  });
}
