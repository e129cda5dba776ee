import { hostname, userInfo } from 'node:os';
import type { Cluster, Machine } from '../config/cluster.ts';
import type { Host } from '../host/host.ts';
import type { Clock } from '../lib/clock.ts';
import type { Failure } from '../lib/failure.ts';
import { fanOut, type Outcome } from '../lib/fan-out.ts';
import { askForEndpoint, chooseEndpoint, isEndpointOpen, type Resolution } from './endpoint.ts';
import { ExclusiveHost } from './exclusive-host.ts';
import { lockHost } from './lock.ts';
import { observe } from './observe.ts';
import type { ClusterState, MachineState } from './state.ts';

export interface SessionOptions {
  readonly cluster: Cluster;
  readonly machines: readonly Machine[];
  /** The run is of no use without a master, one of the machines at least. */
  readonly needsMaster: boolean;
  /** Whether the machines' locks are taken: whoever only looks does without. */
  readonly lock: boolean;
  /** Machines that are only asked for the endpoint's name, where the cluster has no endpoint yet. */
  readonly witnesses?: readonly Machine[];
  readonly connect: (machine: Machine) => Promise<Host>;
  /** Machines at a time. */
  readonly limit: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Connected and questioned machines, locked if asked for. Disposing of it lets go of the locks and the connections. */
export interface Session extends AsyncDisposable {
  readonly clusterState: ClusterState;
  readonly hosts: ReadonlyMap<MachineState, Host>;
  /** Machines that could not be reached or questioned; not all masters are among them where one is needed. */
  readonly failures: readonly Failure[];
  /** The same session with machines as they are now, after something was changed on them. */
  askAgain(): Promise<Session>;
  /** What those made of the endpoint's name that were asked. */
  readonly resolutions: readonly Resolution[];
}

const owner = (clock: Clock): string =>
  `${userInfo().username} on ${hostname()} since ${new Date(clock.now()).toISOString()}`;

/**
 * Connects to the machines in parallel, takes their locks if asked to, and asks each about itself. Throws what went
 * wrong with the masters where one is needed, or with all machines; other failures are part of the result.
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { machines, connect, limit, clock, signal } = options;
  const open: AsyncDisposable[] = [];
  const locks: AsyncDisposable[] = [];
  const close = async () => {
    // A lock is let go over its connection, and is gone before somebody else may want it.
    for (const resources of [locks, open]) {
      await Promise.allSettled(resources.map((resource) => resource[Symbol.asyncDispose]()));
    }
  };
  const locking = async (host: Host): Promise<Host> => {
    const lock = await lockHost(host, owner(clock), signal);
    locks.push(lock);
    return new ExclusiveHost(host, lock.token);
  };
  const connected = new Map<Machine, Host>();
  const ask = async (machine: Machine, host: Host): Promise<Answered> => ({
    host,
    state: await observe(machine, host, options),
  });
  const outcomes = await fanOut(machines, limit, async (machine) => {
    const host = await connect(machine);
    open.push(host);
    const locked = options.lock ? await locking(host) : host;
    connected.set(machine, locked);
    return ask(machine, locked);
  });
  const askAgain = async (): Promise<Session> => {
    const again = await fanOut(machines, limit, async (machine) => {
      const host = connected.get(machine);
      if (host) return ask(machine, host);
      throw outcomes.flatMap((outcome) =>
        !outcome.ok && outcome.item === machine ? [outcome.error] : [],
      )[0];
    });
    // The connections belong to the session that was opened first.
    return { ...(await sessionOf(again, options)), askAgain, [Symbol.asyncDispose]: () => Promise.resolve() };
  };
  try {
    return { ...(await sessionOf(outcomes, options)), askAgain, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Answered {
  readonly host: Host;
  readonly state: MachineState;
}

async function sessionOf(
  outcomes: readonly Outcome<Machine, Answered>[],
  options: SessionOptions,
): Promise<Pick<Session, 'clusterState' | 'hosts' | 'failures' | 'resolutions'>> {
  const { cluster, needsMaster, signal } = options;
  const good = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
  const failures = outcomes.flatMap((outcome) =>
    outcome.ok ? [] : [{ host: outcome.item.name, phase: 'connect', error: outcome.error }],
  );
  const states = good.map(({ state }) => state);
  const masters = cluster.masters.flatMap(({ name }) =>
    states.filter(({ machine }) => machine.name === name),
  );
  const leader = masters[0] ?? (needsMaster ? undefined : states[0]);
  if (!leader) {
    signal.throwIfAborted();
    const ofMasters = failures.filter(({ host }) => cluster.masters.some(({ name }) => name === host));
    const [first, ...others] = (ofMasters.length > 0 ? ofMasters : failures).map(({ error }) => error);
    if (ofMasters.length > 0 && others.length === 0) throw first;
    throw new AggregateError([first, ...others], 'no machine was reached');
  }
  const resolutions = isEndpointOpen(cluster, leader)
    ? await askForEndpoint(cluster, options.witnesses ?? [], options)
    : [];
  const endpoint = masters.length === 0 ? cluster.endpoint : chooseEndpoint(cluster, leader, resolutions);
  return {
    resolutions,
    clusterState: {
      cluster: { ...cluster, endpoint },
      states,
      masters,
      leader,
    },
    hosts: new Map(good.map(({ host, state }) => [state, host])),
    failures,
  };
}
