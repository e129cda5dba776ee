import { ADMIN_CONF } from '../cluster/paths.ts';
import { CommandError } from '../host/command-error.ts';
import type { Host } from '../host/host.ts';
import { KbootError, messageOf } from '../lib/errors.ts';
import { WAIT_HINT, whenReady } from './not-yet.ts';
import type { PhaseContext } from './phase.ts';

/** kubectl keeps what it learns of the API below the user's home, unless that cannot be written. */
export const NO_CACHE = '--cache-dir=/dev/null';

/** kubectl on a master, with the administrator's kubeconfig. Leaves no file. */
export function kubectl(...args: readonly string[]): { argv: readonly [string, ...string[]]; sudo: true } {
  return { argv: ['kubectl', '--kubeconfig', ADMIN_CONF, NO_CACHE, ...args], sudo: true };
}

interface WaitFor {
  /** As kubectl wait takes it: `condition=Ready`, `create`. */
  readonly event: string;
  readonly object: string;
  readonly namespace?: string;
  /** For the error: `node1 is Ready`. */
  readonly what: string;
}

/**
 * Waits on a master until something is true of an object; one kubectl watches instead of many asking, and another
 * takes its place when the API was away. Throws TIMED_OUT with what `explain` finds out about the reason.
 */
export async function waitFor(
  context: PhaseContext,
  { event, object, namespace, what }: WaitFor,
): Promise<void> {
  const { leader, cluster, clock, signal, progress } = context;
  const end = clock.now() + cluster.waitMs;
  const where = namespace === undefined ? [] : ['-n', namespace];
  progress({ text: `waiting until ${what}` });
  try {
    await whenReady(context, { what: `an API that says whether ${what}`, host: leader.name }, () => {
      const seconds = Math.max(1, Math.round((end - clock.now()) / 1000));
      const wait = kubectl('wait', ...where, `--for=${event}`, object, `--timeout=${seconds}s`);
      return leader.query({ ...wait, timeoutMs: seconds * 1000 + 60_000 }, signal);
    });
  } catch (cause) {
    if (!(cause instanceof CommandError) || !cause.stderr.includes('timed out')) throw cause;
    const why = await explain(leader, signal);
    const seconds = cluster.waitMs / 1000;
    throw new KbootError('TIMED_OUT', `${what}: not after ${seconds} s\n${cause.stderr.trim()}\n${why}`, {
      cause,
      host: leader.name,
      hint: WAIT_HINT,
    });
  }
}

const NOT_READY =
  '{range .items[*]}{.metadata.name}: {.status.conditions[?(@.type=="Ready")].message}{"\\n"}{end}';

const SIGNER_LEASE =
  'jsonpath=kube-controller-manager, which signs it, led last at {.spec.renewTime} ({.spec.leaseTransitions} changes of leader)';
const SIGNER_PODS =
  'jsonpath={range .items[*]}{.metadata.name}: {.status.containerStatuses[0].restartCount} restarts, ready: {.status.containerStatuses[0].ready}{"\\n"}{end}';

/** What is known of the controller-manager, without which nothing is signed: its lease and its restarts. */
export async function explainSigner(leader: Host, signal: AbortSignal): Promise<string> {
  const inSystem = ['-n', 'kube-system', 'get'] as const;
  const lease = kubectl(...inSystem, 'lease', 'kube-controller-manager', '-o', SIGNER_LEASE);
  const pods = kubectl(...inSystem, 'pods', '-l', 'component=kube-controller-manager', '-o', SIGNER_PODS);
  const answers = await Promise.allSettled([lease, pods].map((each) => leader.query(each, signal)));
  return answers
    .map((answer) => (answer.status === 'fulfilled' ? answer.value.stdout.trim() : messageOf(answer.reason)))
    .join('\n');
}

/** What nodes say of themselves, pods that are not ready, and the last warnings: what a person would look at first. */
async function explain(leader: Host, signal: AbortSignal): Promise<string> {
  const nodes = kubectl('get', 'nodes', '-o', `jsonpath=${NOT_READY}`);
  const pods = kubectl('get', 'pods', '-A', '--no-headers');
  const events = kubectl('get', 'events', '-A', '--field-selector=type=Warning', '--no-headers');
  const answers = await Promise.allSettled([nodes, pods, events].map((each) => leader.query(each, signal)));
  return answers
    .flatMap((answer) => {
      if (answer.status === 'rejected') return [];
      const lines = answer.value.stdout.trim().split('\n');
      return lines.filter((line) => !ALL_WELL.test(line)).slice(-5);
    })
    .join('\n');
}

/** A node that is ready, or a pod all of whose containers are (`READY` is `2/2`). */
const ALL_WELL = /kubelet is posting ready status|^\S+\s+\S+\s+(\d+)\/\1\s/;
