import { RUN_DIR } from '../facts/paths.ts';
import { script } from '../host/command.ts';
import type { Held, Host } from '../host/host.ts';
import { KbootError } from '../lib/errors.ts';

/**
 * Takes the machine's lock and keeps it while standard input stays open: the lock dies with the connection.
 * $1 says who holds it. The file is unlinked at the end, so a lock that was won on an unlinked file is tried
 * again.
 */
const LOCK = `
umask 077
mkdir -p ${RUN_DIR}
while :; do
  exec 9>>${RUN_DIR}/lock
  if ! flock -n 9; then
    echo "held $(cat ${RUN_DIR}/lock.owner 2>/dev/null)"
    exit 0
  fi
  [ ${RUN_DIR}/lock -ef /proc/self/fd/9 ] && break
  mkdir -p ${RUN_DIR}
done
trap 'rm -f ${RUN_DIR}/lock.owner ${RUN_DIR}/lock; rmdir ${RUN_DIR} 2>/dev/null || true' EXIT
trap 'exit 0' HUP TERM INT
echo "$1" > ${RUN_DIR}/lock.owner
echo locked
cat >/dev/null
`;

/** Takes a machine's lock. Throws LOCKED, naming the holder and since when, if somebody else has it. */
export async function lockHost(host: Host, owner: string, signal?: AbortSignal): Promise<Held> {
  const held = await host.hold({ ...script(LOCK, owner), sudo: true }, signal);
  if (held.firstLine === 'locked') return held;
  await held[Symbol.asyncDispose]();
  const who = held.firstLine.replace(/^held\s*/, '') || 'somebody';
  throw new KbootError('LOCKED', `${host.name}: another kboot is at work: ${who}`, {
    host: host.name,
    hint: 'wait until it ends; the lock goes away with its connection',
  });
}
