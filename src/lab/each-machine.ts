import { KbootError, messageOf } from '../lib/errors.ts';
import { fanOut } from '../lib/fan-out.ts';
import { labCommand } from './names.ts';
import type { LabMachine } from './state.ts';

/** Machines that are started at the same time: booting is work for the processor. */
const AT_ONCE = 4;

/** Runs `task` on all machines and throws one error that holds every failure. */
export async function onEachMachine<M extends LabMachine, T>(
  lab: string,
  machines: readonly M[],
  signal: AbortSignal | undefined,
  task: (machine: M) => Promise<T>,
): Promise<readonly T[]> {
  const outcomes = await fanOut(machines, AT_ONCE, task);
  signal?.throwIfAborted();
  const failures = outcomes.filter((outcome) => !outcome.ok);
  if (failures.length > 0)
    throw new KbootError(
      'SOME_HOSTS_FAILED',
      failures.map(({ item, error }) => `${item.name}: did not start: ${messageOf(error)}`).join('\n'),
      {
        cause: failures[0]?.error,
        hint: `${labCommand('up', lab)} again to go on, or ${labCommand('down', lab)} to take away what is there`,
      },
    );
  return outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
}
