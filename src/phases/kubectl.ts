import { ADMIN_CONF } from '../facts/paths.ts';
import { CommandError } from '../host/command-error.ts';
import type { Host } from '../host/host.ts';
import { KbootError } from '../lib/errors.ts';

/** kubectl on a master, with the administrator's kubeconfig. */
export function kubectl(...args: readonly string[]): { argv: readonly [string, ...string[]]; sudo: true } {
  return { argv: ['kubectl', '--kubeconfig', ADMIN_CONF, ...args], sudo: true };
}

/**
 * Waits on a master until an object has a condition; one kubectl watches instead of many asking. Throws
 * TIMED_OUT with what `explain` finds out about the reason.
 */
export async function waitForCondition(
  master: Host,
  {
    condition,
    object,
    namespace,
    what,
  }: { condition: string; object: string; namespace?: string; what: string },
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const seconds = Math.ceil(timeoutMs / 1000);
  const where = namespace === undefined ? [] : ['-n', namespace];
  try {
    await master.query(
      {
        ...kubectl('wait', ...where, `--for=condition=${condition}`, object, `--timeout=${seconds}s`),
        timeoutMs: timeoutMs + 10_000,
      },
      signal,
    );
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    const why = await explain(master, signal);
    throw new KbootError('TIMED_OUT', `${what}: not after ${seconds} s\n${cause.stderr.trim()}\n${why}`, {
      cause,
      host: master.name,
      hint: 'run the same command again when the cause is gone: it goes on where it stopped',
    });
  }
}

/** The pods that do not run, and the last warnings: what a person would look at first. */
async function explain(master: Host, signal: AbortSignal): Promise<string> {
  const pods = kubectl('get', 'pods', '-A', '--field-selector=status.phase!=Running', '--no-headers');
  const events = kubectl('get', 'events', '-A', '--field-selector=type=Warning', '--no-headers');
  const answers = await Promise.allSettled([pods, events].map((command) => master.query(command, signal)));
  return answers
    .flatMap((answer) =>
      answer.status === 'fulfilled' ? [answer.value.stdout.trim().split('\n').slice(-5)] : [],
    )
    .flat()
    .join('\n');
}
