import type { Bundle } from '../../bundle/open.ts';
import { verifyBundle } from '../../bundle/verify.ts';
import { type Cluster, type Machine, machinesOf } from '../../config/cluster.ts';
import type { Host } from '../../host/host.ts';
import { systemClock } from '../../lib/clock.ts';
import { KbootError } from '../../lib/errors.ts';
import { fanOut } from '../../lib/fan-out.ts';
import { connect } from '../../session/connect.ts';
import { openSession, type Session } from '../../session/session.ts';
import { failuresError } from '../failures-error.ts';
import type { Run } from '../verb.ts';
import { bundleToLookAt, clusterBundle, isToBeBuilt } from './bundle.ts';

/** Machines worked on at a time. sshd drops unauthenticated connections above ten (MaxStartups). */
export const PARALLEL = 10;

/** How a verb reaches a machine of the cluster file: over SSH, with everything written into the log. */
export function connector({ io, log }: Run, cluster: Cluster): (machine: Machine) => Promise<Host> {
  const env = { ...io.env, HOME: io.home };
  return (machine) => connect(machine, cluster, { env, signal: io.signal, log: (line) => log.write(line) });
}

interface SessionSettings {
  /** The run is of no use without a master. */
  readonly needsMaster: boolean;
  /** Nothing will be changed: no lock is taken, and nobody else's is in the way. */
  readonly dryRun: boolean;
  /** Machines that are only asked for the endpoint's name, where the cluster has no endpoint yet. */
  readonly witnesses?: readonly Machine[] | undefined;
}

/** Connects to the machines, locks them unless nothing will be changed, and asks them about themselves. */
export function sessionFor(
  run: Run,
  cluster: Cluster,
  machines: readonly Machine[],
  { needsMaster, dryRun, witnesses = [] }: SessionSettings,
): Promise<Session> {
  run.report({ type: 'run-start', verb: run.verb, hosts: machines.map(({ name }) => name) });
  return openSession({
    cluster,
    machines,
    needsMaster,
    lock: !dryRun,
    witnesses,
    connect: connector(run, cluster),
    limit: PARALLEL,
    clock: systemClock,
    signal: run.io.signal,
  });
}

/** A name that is mistyped should show before a long build, not behind it. Throws what the machines answer with. */
async function requireReachable(run: Run, cluster: Cluster, machines: readonly Machine[]): Promise<void> {
  const connect = connector(run, cluster);
  const outcomes = await fanOut(machines, PARALLEL, async (machine) => {
    await (await connect(machine))[Symbol.asyncDispose]();
  });
  const failures = outcomes.flatMap((outcome) =>
    outcome.ok ? [] : [{ host: outcome.item.name, phase: 'connect', error: outcome.error }],
  );
  run.io.signal.throwIfAborted();
  if (failures.length > 0) throw failuresError(failures, machines);
}

/**
 * The bundle and the questioned machines of a run. The bundle is verified while the machines answer; building it
 * comes first, because machines that are locked and facts that were asked for should not wait for that. A dry run
 * builds nothing and locks nothing.
 */
export async function bundleAndSession(
  run: Run,
  cluster: Cluster,
  machines: readonly Machine[],
  { dryRun, witnesses }: Omit<SessionSettings, 'needsMaster'>,
): Promise<readonly [Bundle, Session]> {
  const settings = { needsMaster: true, dryRun, witnesses };
  if (dryRun) return [await bundleToLookAt(run, cluster), await sessionFor(run, cluster, machines, settings)];
  if (await isToBeBuilt(run, cluster)) await requireReachable(run, cluster, machines);
  const bundle = await clusterBundle(run, cluster);
  const [verified, session] = await Promise.allSettled([
    verifyBundle(bundle, { signal: run.io.signal }),
    sessionFor(run, cluster, machines, settings),
  ]);
  if (session.status === 'rejected') throw session.reason;
  if (verified.status === 'fulfilled') return [bundle, session.value];
  await session.value[Symbol.asyncDispose]();
  throw verified.reason;
}

/** The machines of these names, in the order of the file. Throws USAGE for a name that the file has not. */
export function machinesNamed(cluster: Cluster, names: readonly string[]): readonly Machine[] {
  const all = machinesOf(cluster);
  const unknown = names.filter((name) => !all.some((machine) => machine.name === name));
  if (unknown.length > 0) {
    throw new KbootError('USAGE', `${cluster.file} does not list ${unknown.join(', ')}`, {
      hint: `it lists ${all.map(({ name }) => name).join(', ')}`,
    });
  }
  return all.filter(({ name }) => names.includes(name));
}
