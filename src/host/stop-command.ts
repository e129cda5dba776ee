import { type Command, script } from './command.ts';
import { RUN_VARIABLE } from './login-line.ts';

// sshd forwards no signals for root, and none through sudo: the processes are found by the variable they
// inherited. First asked to end, after two seconds killed.
const STOP = `
find_them() { grep -lzsxF -e "$1" /proc/[0-9]*/environ | sed 's|^/proc/||; s|/environ$||'; }
for i in 1 2 3 4 5 6 7 8 9 10; do
  them=$(find_them "$1") || true
  [ -n "$them" ] || exit 0
  [ "$i" -gt 1 ] || kill -TERM $them 2>/dev/null || true
  sleep 0.2
done
kill -KILL $them 2>/dev/null || true`;

/** The command that ends every process of the command marked by `run`. */
export function stopCommand(run: string, sudo: boolean): Command {
  return { ...script(STOP, `${RUN_VARIABLE}=${run}`), sudo };
}
