import { ADMIN_CONF } from '../facts/paths.ts';
import { CommandError } from '../host/command-error.ts';
import type { Host } from '../host/host.ts';
import { KbootError } from '../lib/errors.ts';

/** kubectl keeps what it learns of the API below the user's home, unless that cannot be written. */
export const NO_CACHE = '--cache-dir=/dev/null';

/** kubectl on a master, with the administrator's kubeconfig. Leaves no file. */
export function kubectl(...args: readonly string[]): { argv: readonly [string, ...string[]]; sudo: true } {
  return { argv: ['kubectl', '--kubeconfig', ADMIN_CONF, NO_CACHE, ...args], sudo: true };
}

/** A cluster on slow machines takes minutes to come up. */
const WAIT_TIMEOUT_MS = 300_000;

interface WaitFor {
  /** As kubectl wait takes it: `condition=Ready`, `create`. */
  readonly event: string;
  readonly object: string;
  readonly namespace?: string;
  /** For the error: `node1 is Ready`. */
  readonly what: string;
}

/**
 * Waits on a master until something is true of an object; one kubectl watches instead of many asking. Throws
 * TIMED_OUT with what `explain` finds out about the reason.
 */
export async function waitFor(
  master: Host,
  { event, object, namespace, what }: WaitFor,
  signal: AbortSignal,
): Promise<void> {
  const seconds = WAIT_TIMEOUT_MS / 1000;
  const where = namespace === undefined ? [] : ['-n', namespace];
  try {
    await master.query(
      {
        ...kubectl('wait', ...where, `--for=${event}`, object, `--timeout=${seconds}s`),
        timeoutMs: WAIT_TIMEOUT_MS + 10_000,
      },
      signal,
    );
  } catch (cause) {
    if (!(cause instanceof CommandError) || !cause.stderr.includes('timed out')) throw cause;
    const why = await explain(master, signal);
    throw new KbootError('TIMED_OUT', `${what}: not after ${seconds} s\n${cause.stderr.trim()}\n${why}`, {
      cause,
      host: master.name,
      hint: 'run the same command again when the cause is gone: it goes on where it stopped',
    });
  }
}

const NOT_READY =
  '{range .items[*]}{.metadata.name}: {.status.conditions[?(@.type=="Ready")].message}{"\\n"}{end}';

/** What nodes say of themselves, pods that are not ready, and the last warnings: what a person would look at first. */
async function explain(master: Host, signal: AbortSignal): Promise<string> {
  const nodes = kubectl('get', 'nodes', '-o', `jsonpath=${NOT_READY}`);
  const pods = kubectl('get', 'pods', '-A', '--no-headers');
  const events = kubectl('get', 'events', '-A', '--field-selector=type=Warning', '--no-headers');
  const answers = await Promise.allSettled([nodes, pods, events].map((each) => master.query(each, signal)));
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
