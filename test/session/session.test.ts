import { expect, it } from 'vitest';
import type { Machine } from '../../src/config/cluster.ts';
import { KbootError } from '../../src/lib/errors.ts';
import { openSession } from '../../src/session/session.ts';
import { clusterStateOf, machineWith, stateWith } from '../helpers/cluster-state.ts';
import { FakeHost } from '../helpers/fake-host.ts';
import { runs } from '../helpers/script.ts';

const MASTER = 'master.example.com';
const NODE = 'node1.example.com';

const FACTS = 'clock 1700000000123456789\ncpus 2\nmemory 1\nfree 1\ncapbnd 0\ndefault-source 10.0.0.10\n';

/** A machine that answers the questions, and whose lock can be had unless somebody holds it. */
const machineAnswering = (name: string, lock = 'locked\n'): FakeHost =>
  new FakeHost(name).on(runs('lock'), lock).on(runs('facts'), FACTS).on(runs('list-containers'));

const { cluster } = clusterStateOf(stateWith(MASTER, 'master'), stateWith(NODE, 'node'));

function session(
  hosts: readonly FakeHost[],
  lock: boolean,
  needsMaster = true,
  masters: readonly Machine[] = [machineWith(MASTER, 'master')],
) {
  return openSession({
    cluster: { ...cluster, masters },
    machines: [...masters, machineWith(NODE, 'node')],
    ...{ needsMaster, lock, limit: 10 },
    connect: async ({ name }) => {
      const host = hosts.find((candidate) => candidate.name === name);
      if (!host) throw new KbootError('HOST_UNREACHABLE', `${name}: no answer`, { host: name });
      return host;
    },
    clock: { now: () => 0, sleep: () => Promise.resolve() },
    signal: new AbortController().signal,
  });
}

const holdsOf = ({ transcript }: FakeHost): number =>
  transcript.filter((line) => line.startsWith('hold')).length;

it('locks the machines, and lets go of them with the session', async () => {
  const host = machineAnswering(MASTER);
  {
    await using prepared = await session([host, machineAnswering(NODE)], true);
    expect(prepared.clusterState.states.map(({ machine }) => machine.name)).toEqual([MASTER, NODE]);
    expect(holdsOf(host)).toBe(1);
    expect(host.disposed).toBe(false);
  }
  expect(host.transcript.at(-1)).toMatch(/^let go /);
  expect(host.disposed).toBe(true);
});

it('takes no lock for somebody who only looks, and is not stopped by the one who holds it', async () => {
  const host = machineAnswering(MASTER, 'held somebody\n');
  await using prepared = await session([host, machineAnswering(NODE)], false);
  expect(prepared.failures).toEqual([]);
  expect(holdsOf(host)).toBe(0);
});

it('names a machine that is not reached, and goes on with the others', async () => {
  await using prepared = await session([machineAnswering(MASTER)], true);
  expect(prepared.failures).toMatchObject([{ host: NODE, error: { code: 'HOST_UNREACHABLE' } }]);
});

it('throws what is wrong with the first master, and closes what it had opened', async () => {
  const node = machineAnswering(NODE);
  await expect(session([node], true)).rejects.toMatchObject({ code: 'HOST_UNREACHABLE', host: MASTER });
  expect(node.disposed).toBe(true);
});

it('asks the first master that answers, and names the others', async () => {
  const masters = [MASTER, 'master2.example.com', 'master3.example.com'].map((name) =>
    machineWith(name, 'master'),
  );
  const hosts = ['master3.example.com', 'master2.example.com'].map((name) => machineAnswering(name));
  await using prepared = await session(hosts, true, true, masters);
  expect(prepared.clusterState.leader.machine.name).toBe('master2.example.com');
  expect(prepared.clusterState.masters).toHaveLength(2);
  expect(prepared.failures.map(({ host }) => host)).toEqual([MASTER, NODE]);
});

it('throws what is wrong with all masters where none answers', async () => {
  const masters = [MASTER, 'master2.example.com'].map((name) => machineWith(name, 'master'));
  await expect(session([machineAnswering(NODE)], true, true, masters)).rejects.toMatchObject({
    errors: [{ host: MASTER }, { host: 'master2.example.com' }],
  });
});

it('asks again over the same connections and the same locks', async () => {
  const host = machineAnswering(MASTER);
  await using prepared = await session([host], true);
  const again = await prepared.askAgain();
  expect(again.clusterState.states).toHaveLength(1);
  expect(again.failures).toMatchObject([{ host: NODE }]);
  await again[Symbol.asyncDispose]();
  expect(host.disposed).toBe(false);
  expect(holdsOf(host)).toBe(1);
});
