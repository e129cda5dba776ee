import { hostname, userInfo } from 'node:os';
import type { Cluster, Machine } from '../config/cluster.ts';
import type { Facts } from '../facts/facts.ts';
import { gatherFacts } from '../facts/gather.ts';
import { parseLedger } from '../facts/ledger.ts';
import { INITIALISED } from '../facts/paths.ts';
import type { Held, Host } from '../host/host.ts';
import type { Clock } from '../lib/clock.ts';
import { KbootError } from '../lib/errors.ts';
import { fanOut } from '../lib/fan-out.ts';
import type { Situation, Subject } from '../phases/phase.ts';
import { leftTokens } from '../phases/tokens.ts';
import { listSystemContainers } from '../system-container/index.ts';
import { askForEndpoint, chooseEndpoint, endpointHost, isEndpointOpen, type Resolution } from './endpoint.ts';
import { ExclusiveHost } from './exclusive-host.ts';
import { lockHost } from './lock.ts';
import type { Failure } from './run.ts';

export interface PrepareOptions {
  readonly cluster: Cluster;
  readonly machines: readonly Machine[];
  /** The run is of no use without the first master, which is one of the machines. */
  readonly needsMaster: boolean;
  /** Machines that are only asked for the endpoint's name, where the cluster has no endpoint yet. */
  readonly witnesses?: readonly Machine[];
  readonly connect: (machine: Machine) => Promise<Host>;
  /** Machines at a time. */
  readonly limit: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Connected, locked and questioned machines. Disposing of it lets go of the locks and the connections. */
export interface Prepared extends AsyncDisposable {
  readonly situation: Situation;
  readonly hosts: ReadonlyMap<Subject, Host>;
  /** Machines that could not be reached or questioned; the first master is not among them where it is needed. */
  readonly failures: readonly Failure[];
  /** What those made of the endpoint's name that were asked. */
  readonly resolutions: readonly Resolution[];
}

/** The address by which other machines reach it, when kboot.yaml does not say. */
function addressOf(machine: Machine, facts: Facts): string {
  const address = machine.address ?? facts.defaultSource ?? facts.sshAddress;
  if (address === undefined) {
    throw new KbootError(
      'CONFIG_INVALID',
      `${machine.name}: no address could be found out: it has no default route`,
      {
        host: machine.name,
        hint: `write the address by which the other machines reach it into kboot.yaml (address:)`,
      },
    );
  }
  return address;
}

async function questionMachine(machine: Machine, host: Host, options: PrepareOptions): Promise<Subject> {
  const { cluster, clock, signal } = options;
  const [facts, containers] = await Promise.all([
    gatherFacts(host, endpointHost(cluster), clock, signal),
    listSystemContainers(host, signal),
  ]);
  return {
    machine,
    facts,
    containers,
    address: addressOf(machine, facts),
    ledger: facts.ledger === undefined ? undefined : parseLedger(facts.ledger, machine.name),
    // Leftovers matter less than the run: an API that is down is reported by the phase that needs it.
    leftTokens: facts.present.has(INITIALISED) ? await leftTokens(host, signal).catch(() => []) : [],
  };
}

const owner = (clock: Clock): string =>
  `${userInfo().username} on ${hostname()} since ${new Date(clock.now()).toISOString()}`;

/**
 * Connects to the machines in parallel, takes their locks and asks each about itself. Throws what went wrong
 * with the first master where it is needed, or with all machines; other failures are part of the result.
 */
export async function prepare(options: PrepareOptions): Promise<Prepared> {
  const { machines, cluster, connect, limit, clock, signal } = options;
  const open: AsyncDisposable[] = [];
  const close = async () => {
    await Promise.allSettled(open.map((resource) => resource[Symbol.asyncDispose]()));
  };
  const outcomes = await fanOut(machines, limit, async (machine) => {
    const host = await connect(machine);
    open.push(host);
    const lock: Held = await lockHost(host, owner(clock), signal);
    open.unshift(lock);
    return { host: new ExclusiveHost(host), subject: await questionMachine(machine, host, options) };
  });
  const good = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
  const failures = outcomes.flatMap((outcome) =>
    outcome.ok ? [] : [{ host: outcome.item.name, phase: 'connect', error: outcome.error }],
  );
  const master = good.find(({ subject }) => subject.machine.name === cluster.masters[0]?.name);
  // Where nobody asks the first master, any machine of the run stands for it.
  const first = master ?? (options.needsMaster ? undefined : good[0]);
  if (!first) {
    await close();
    signal.throwIfAborted();
    const ofMaster = failures.find(({ host }) => host === cluster.masters[0]?.name);
    throw ofMaster
      ? ofMaster.error
      : new AggregateError(
          failures.map(({ error }) => error),
          'no machine was reached',
        );
  }
  const resolutions = isEndpointOpen(cluster, first.subject)
    ? await askForEndpoint(cluster, options.witnesses ?? [], options).catch(async (error) => {
        await close();
        throw error;
      })
    : [];
  const endpoint =
    master === undefined ? cluster.endpoint : chooseEndpoint(cluster, first.subject, resolutions);
  return {
    resolutions,
    situation: {
      cluster: { ...cluster, endpoint },
      subjects: good.map(({ subject }) => subject),
      master: first.subject,
    },
    hosts: new Map(good.map(({ host, subject }) => [subject, host])),
    failures,
    [Symbol.asyncDispose]: close,
  };
}
