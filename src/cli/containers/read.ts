import type { Machine } from '../../config/cluster.ts';
import { gatherCertificates } from '../../facts/gather.ts';
import type { Host } from '../../host/host.ts';
import { fanOut } from '../../lib/fan-out.ts';
import { warnOfCertificates } from '../session/certificates.ts';
import { readCluster } from '../session/cluster-file.ts';
import { connector, PARALLEL } from '../session/session.ts';
import type { Run, VerbResult } from '../verb.ts';
import { chooseMachines, type HostFlags } from './machines.ts';

/** What one machine answered. */
export interface Answer<T> {
  readonly host: string;
  readonly value: T;
}

/**
 * Asks the chosen machines in parallel, without their locks: looking must work while somebody changes something.
 * `show` gets the answers in the order of the file, also when a machine did not answer.
 */
export async function askMachines<T>(
  run: Run,
  flags: HostFlags,
  ask: (host: Host, signal: AbortSignal) => Promise<T>,
  show: (answers: readonly Answer<T>[]) => string,
): Promise<VerbResult> {
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
  const output = answers.length > 0 || failures.length === 0 ? show(answers) : '';
  return { output, failures, machines };
}
