import { CommandError } from '../host/command-error.ts';
import { waitUntil } from '../lib/wait-until.ts';
import type { PhaseContext } from './phase.ts';

/** What kubectl and kubeadm say while an API server starts, restarts or is too busy. */
const API_IS_AWAY = [
  /connect(ion to the server .* was|ion| )?:? ?refused|was refused - did you specify the right host/,
  /connection reset by peer|broken pipe|unexpected EOF|: EOF$|http2: client connection lost/m,
  /i\/o timeout|TLS handshake timeout|Client\.Timeout exceeded|context deadline exceeded/,
  /no route to host|network is unreachable/,
  /\((ServiceUnavailable|Timeout|ServerTimeout|TooManyRequests|InternalError)\)/,
  /currently unable to handle the request|apiserver not ready|server was unable to return a response in the time/,
  /etcdserver: (request timed out|leader changed|no leader|too many requests)/,
];

/** The API answers before it has written its RBAC rules, and before kubeadm has bound the administrators. */
const RBAC_IS_AWAY = /\(Forbidden\)|is forbidden: User|could not bootstrap the admin user/;

const says = (text: string): boolean =>
  RBAC_IS_AWAY.test(text) || API_IS_AWAY.some((pattern) => pattern.test(text));

/** Whether a command on a machine failed for a reason that passes by itself in a cluster that comes up. */
export const isNotYet = (error: unknown): error is CommandError =>
  error instanceof CommandError && says(error.stderr);

/** The same of kubeadm's whole output: only its last word counts, it warns of much that passes. */
export function kubeadmNotYet(output: string): boolean {
  const at = output.lastIndexOf('error execution phase');
  return at >= 0 && says(output.slice(at));
}

/** Between two tries, in milliseconds. */
const AGAIN_MS = 500;

/**
 * Does something that needs the cluster's API, again and again while it is only not there yet, for as long as
 * kboot.yaml says (`wait`). Throws what else goes wrong at once, and TIMED_OUT with the last answer.
 */
export async function whenReady<T>(
  { cluster, clock, signal, progress }: Pick<PhaseContext, 'cluster' | 'clock' | 'signal' | 'progress'>,
  { what, host }: { readonly what: string; readonly host: string },
  attempt: () => Promise<T>,
): Promise<T> {
  let last = '';
  const { value } = await waitUntil(
    what,
    async () => {
      try {
        return { value: await attempt() };
      } catch (error) {
        if (!isNotYet(error)) throw error;
        if (last === '') progress({ text: `waiting for ${what}` });
        last = error.stderr.trim();
        return undefined;
      }
    },
    { clock, timeoutMs: cluster.waitMs, everyMs: AGAIN_MS, signal, host, hint: WAIT_HINT, why: () => last },
  );
  return value;
}

/** What to do about a wait that was in vain. */
export const WAIT_HINT =
  'run the same command again: it goes on where it stopped; a machine that needs longer gets it with wait: in kboot.yaml';
