import type { Machine } from '../../../config/cluster.ts';
import { gatherCertificates } from '../../../facts/gather.ts';
import type { Host } from '../../../host/host.ts';
import { messageOf } from '../../../lib/errors.ts';
import { fanOut } from '../../../lib/fan-out.ts';
import type { Run } from '../../verb.ts';
import { readCluster } from '../cluster.ts';
import { connector, PARALLEL, throwFailures } from '../session.ts';
import { warnOfCertificates } from './certificates.ts';
import { chooseMachines, type HostFlags } from './machines.ts';

/** What one machine answered. */
export interface Answer<T> {
  readonly host: string;
  readonly value: T;
}

/**
 * Asks the chosen machines in parallel, without their locks: looking must work while somebody changes something.
 * `show` gets the answers in the order of the file, also when a machine did not answer; then it throws afterwards.
 */
export async function askMachines<T>(
  run: Run,
  flags: HostFlags,
  ask: (host: Host, signal: AbortSignal) => Promise<T>,
  show: (answers: readonly Answer<T>[]) => string,
): Promise<string> {
  const cluster = await readCluster(run);
  const machines = chooseMachines(cluster, flags, 'read');
  const connect = connector(run, cluster);
  const { signal } = run.io;
  const outcomes = await fanOut(machines, PARALLEL, async (machine: Machine) => {
    await using host = await connect(machine);
    const [answer, facts] = await Promise.all([
      ask(host, signal),
      gatherCertificates(host, signal).catch(() => undefined),
    ]);
    if (facts) warnOfCertificates(run, machine.name, facts);
    return answer;
  });
  signal.throwIfAborted();
  const answers = outcomes.flatMap((outcome) =>
    outcome.ok ? [{ host: outcome.item.name, value: outcome.value }] : [],
  );
  const failures = outcomes.flatMap((outcome) =>
    outcome.ok ? [] : [{ host: outcome.item.name, phase: 'ask', error: outcome.error }],
  );
  if (failures.length === 0) return show(answers);
  if (answers.length > 0) run.io.stdout.write(show(answers));
  throwFailures(failures, signal, machines);
  throw new Error(messageOf(failures[0]?.error));
}
