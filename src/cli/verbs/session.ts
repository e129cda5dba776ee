import type { Bundle } from '../../bundle/open.ts';
import { verifyBundle } from '../../bundle/verify.ts';
import { type Cluster, type Machine, machinesOf } from '../../config/cluster.ts';
import type { Host } from '../../host/host.ts';
import { LoggedHost } from '../../host/logged.ts';
import { connectSsh } from '../../host/ssh/connect.ts';
import { systemClock } from '../../lib/clock.ts';
import { KbootError } from '../../lib/errors.ts';
import { fanOut } from '../../lib/fan-out.ts';
import { type Prepared, prepare } from '../../plan/prepare.ts';
import type { Failure } from '../../plan/run.ts';
import type { Run } from '../verb.ts';
import { clusterBundle, isToBeBuilt } from './bundle.ts';

/** Machines worked on at a time. sshd drops unauthenticated connections above ten (MaxStartups). */
export const PARALLEL = 10;

const CONNECT_TIMEOUT_MS = 15_000;

/** How a verb reaches a machine of the cluster file: over SSH, with everything written into the log. */
export function connector({ io, log }: Run, cluster: Cluster): (machine: Machine) => Promise<Host> {
  return async (machine) => {
    const { name, ssh } = machine;
    const host = await connectSsh(
      {
        name,
        address: ssh.host === name ? undefined : ssh.host,
        fallback: machine.address,
        port: ssh.port,
        user: ssh.user,
      },
      {
        identityFile: ssh.identityFile,
        sshConfigFile: cluster.ssh.config,
        knownHostsFile: cluster.ssh.knownHosts,
        strictHostKey: cluster.ssh.hostKeys,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        signal: io.signal,
        env: { ...io.env, HOME: io.home },
      },
    );
    return new LoggedHost(host, (line) => log.write(line));
  };
}

/** Connects to the machines, locks them and asks them about themselves. */
export function openSession(
  run: Run,
  cluster: Cluster,
  machines: readonly Machine[],
  needsMaster = true,
  witnesses: readonly Machine[] = [],
): Promise<Prepared> {
  run.report({ type: 'run-start', verb: run.verb, hosts: machines.map(({ name }) => name) });
  return prepare({
    cluster,
    machines,
    needsMaster,
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
  throwFailures(failures, run.io.signal, machines.length);
}

/**
 * The bundle and the questioned machines of a run. The bundle is verified while the machines answer; building it
 * comes first, because machines that are locked and facts that were asked for should not wait for that.
 */
export async function bundleAndSession(
  run: Run,
  cluster: Cluster,
  machines: readonly Machine[],
  witnesses: readonly Machine[] = [],
): Promise<readonly [Bundle, Prepared]> {
  if (await isToBeBuilt(run, cluster)) await requireReachable(run, cluster, machines);
  const bundle = await clusterBundle(run, cluster);
  const [verified, session] = await Promise.allSettled([
    verifyBundle(bundle, { signal: run.io.signal }),
    openSession(run, cluster, machines, true, witnesses),
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

/**
 * Throws what failed: the error itself where only one machine was asked for, otherwise all of them as one error
 * (exit code SOME_HOSTS_FAILED), also when it is one, because the others are done.
 */
export function throwFailures(failures: readonly Failure[], signal: AbortSignal, machines: number): void {
  signal.throwIfAborted();
  if (failures.length === 0) return;
  if (failures.length === 1 && machines === 1) throw failures[0]?.error;
  const hosts = new Set(failures.map(({ host }) => host));
  throw new AggregateError(
    failures.map(({ error }) => error),
    `${hosts.size} of ${machines} machines failed`,
  );
}
