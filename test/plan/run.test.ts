import { expect, it } from 'vitest';
import { KbootError } from '../../src/lib/errors.ts';
import type { Event } from '../../src/lib/events.ts';
import { no, type Phase, type PhaseContext, yes } from '../../src/phases/phase.ts';
import { makePlan } from '../../src/plan/plan.ts';
import { runPlan } from '../../src/plan/run.ts';
import { BUNDLE, clusterStateOf, stateWith } from '../helpers/cluster-state.ts';
import { FakeHost } from '../helpers/fake-host.ts';

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** A recipe of phases that write down what they do; the clock stands still. */
function harness(...machines: readonly string[]) {
  const done: string[] = [];
  const events: Event[] = [];
  const [master = '', ...nodes] = machines;
  const clusterState = clusterStateOf(
    stateWith(master, 'master'),
    ...nodes.map((name) => stateWith(name, 'node')),
  );
  const phase = (id: string, after: readonly Phase[], more: Partial<Phase> = {}): Phase => ({
    id,
    title: id,
    after,
    on: () => true,
    decide: () => yes('test'),
    async run({ state, signal }) {
      await tick();
      signal.throwIfAborted();
      done.push(`${state.machine.name}.${id}`);
    },
    ...more,
  });
  const host = new FakeHost('m', { 'df -Pk /var/lib': 'head\n/dev/sda 100000 1 0 100% /var\n' });
  const run = async (recipe: readonly Phase[], signal = new AbortController().signal, limit = 10) => {
    const { failures } = await runPlan(makePlan(recipe, clusterState, BUNDLE), {
      clock: { now: () => 0, sleep: () => Promise.resolve() },
      report: (event) => events.push(event),
      signal,
      limit,
      contextOf: ({ state }) => ({ state, host: host as PhaseContext['host'] }) as PhaseContext,
    });
    return failures;
  };
  return { done, events, phase, run };
}

it('keeps the order that phases ask for, and runs the rest at the same time', async () => {
  const { done, phase, run } = harness('m');
  const a = phase('a', []);
  const b = phase('b', [a]);
  await expect(run([phase('c', [b]), a, b, phase('x', [])])).resolves.toEqual([]);
  expect(done).toEqual(['m.a', 'm.x', 'm.b', 'm.c']);
});

it('says of a failure on a machine without room that it has none', async () => {
  const { phase, run } = harness('m');
  const late = new KbootError('TIMED_OUT', 'not in time');
  const failures = await run([phase('a', [], { run: () => Promise.reject(late) })]);
  expect(failures).toMatchObject([
    { error: { code: 'TIMED_OUT', hint: expect.stringContaining('free some space') } },
  ]);
});

it('reports a failure, tries nothing that waits for it, and lets other machines go on', async () => {
  const { done, phase, run, events } = harness('m', 'n');
  const broken = phase('a', [], {
    run: async ({ state }) => {
      if (state.machine.name === 'n') throw new Error('broken');
      done.push('m.a');
    },
  });
  const failures = await run([broken, phase('b', [broken])]);
  expect(failures).toEqual([{ host: 'n', phase: 'a', error: new Error('broken') }]);
  expect(done).toEqual(['m.a', 'm.b']);
  expect(events).toContainEqual({
    type: 'phase-end',
    phase: 'a',
    host: 'n',
    ms: 0,
    ok: false,
    error: 'broken',
  });
});

it('stops what else runs on the machine that failed, without calling that a failure', async () => {
  const { done, phase, run, events } = harness('m');
  const broken = phase('a', [], { run: () => Promise.reject(new Error('broken')) });
  const failures = await run([broken, phase('b', [])]);
  expect(failures.map(({ phase: id }) => id)).toEqual(['a']);
  expect(done).toEqual([]);
  expect(events).toContainEqual(expect.objectContaining({ type: 'phase-skip', phase: 'b' }));
});

it('lets machines wait for each other', async () => {
  const { done, phase, run } = harness('m', 'n1', 'n2');
  const token = phase('token', [], { on: ({ machine }) => machine.role === 'master' });
  const join = phase('join', [token], { on: ({ machine }) => machine.role === 'node' });
  await run([token, join], undefined, 1);
  expect(done).toEqual(['m.token', 'n1.join', 'n2.join']);
});

it('cleans up after a failure and after Ctrl-C', async () => {
  const { done, phase, run } = harness('m');
  const sweep = phase('sweep', [], { always: true });
  await run([phase('a', [], { run: () => Promise.reject(new Error('broken')) }), sweep]);
  expect(done).toEqual(['m.sweep']);
  const failures = await run([phase('b', []), sweep], AbortSignal.abort(new Error('Ctrl-C')));
  expect(failures).toEqual([{ host: 'm', phase: 'b', error: new Error('Ctrl-C') }]);
  expect(done).toEqual(['m.sweep', 'm.sweep']);
});

it('says why a phase is left out', async () => {
  const { done, events, phase, run } = harness('m');
  const a = phase('a', [], { decide: () => no('it is there') });
  await run([a, phase('b', [a])]);
  expect(done).toEqual(['m.b']);
  expect(events[0]).toEqual({
    type: 'phase-skip',
    phase: 'a',
    title: 'a',
    host: 'm',
    because: 'it is there',
  });
});

it('lets a machine wait for one that has no place yet, with one place for all', async () => {
  const { done, phase, run } = harness('m', 'n');
  // The first machine waits for the second, which may only begin while the first takes no place.
  const last = phase('last', [], { on: ({ machine }) => machine.role === 'node' });
  const first = phase('first', [last], { on: ({ machine }) => machine.role === 'master' });
  await expect(run([first, last], undefined, 1)).resolves.toEqual([]);
  expect(done).toEqual(['n.last', 'm.first']);
});

it('counts machines as failed that could not be tried because another one failed', async () => {
  const { done, phase, run } = harness('m', 'n1', 'n2');
  const token = phase('token', [], {
    on: ({ machine }) => machine.role === 'master',
    run: () => Promise.reject(new Error('no token')),
  });
  const node = { on: ({ machine }: { machine: { role: string } }) => machine.role === 'node' };
  const join = phase('join', [token], node);
  const failures = await run([token, join, phase('ready', [join], node)]);
  expect(failures).toEqual([
    { host: 'm', phase: 'token', error: new Error('no token') },
    { host: 'n1', phase: 'join', blocked: true, error: expect.objectContaining({ host: 'n1' }) },
    { host: 'n2', phase: 'join', blocked: true, error: expect.objectContaining({ host: 'n2' }) },
  ]);
  expect(String(failures[1]?.error)).toContain('waits for m, where "token" failed');
  expect(done).toEqual([]);
});

it('finishes what pods need that run already, after another phase failed', async () => {
  const { done, phase, run } = harness('m');
  const send = phase('send', []);
  const importRest = phase('import', [send], { finishes: true });
  const apply = phase('apply', [], { run: () => Promise.reject(new Error('no RBAC')) });
  const failures = await run([
    send,
    importRest,
    apply,
    phase('ready', [importRest, apply]),
    phase('other', []),
  ]);
  expect(failures.map(({ phase: id }) => id)).toEqual(['apply']);
  expect(done).toEqual(['m.send', 'm.import']);
});

it('sends nothing more to a machine where the import waits for what failed', async () => {
  const { done, phase, run } = harness('m');
  const send = phase('send', []);
  const trust = phase('trust', [], { run: () => Promise.reject(new Error('another cluster')) });
  const runtime = phase('runtime', [trust]);
  await run([send, trust, runtime, phase('import', [send, runtime], { finishes: true })]);
  expect(done).toEqual([]);
});

it('hands what a phase made to later ones: from the same machine, or from the only one that has it', async () => {
  const { done, phase, run } = harness('m', 'n1', 'n2');
  const isNode = ({ machine }: { machine: { role: string } }) => machine.role === 'node';
  const token: Phase<string> = {
    ...phase('token', [], { on: ({ machine }) => machine.role === 'master' }),
    run: async () => 'the token',
  };
  const name: Phase<string> = {
    ...phase('name', [], { on: isNode }),
    run: async ({ state }) => state.machine.name,
  };
  const join = phase('join', [token, name], {
    on: isNode,
    run: async ({ resultOf }) => {
      done.push(`${resultOf(name)} has ${resultOf(token)}`);
    },
  });
  await expect(run([token, name, join])).resolves.toEqual([]);
  expect(done).toEqual(['n1 has the token', 'n2 has the token']);
});

it('calls it a mistake in the recipe to ask for what no phase has made', async () => {
  const { phase, run } = harness('m');
  const token = phase('token', [], { decide: () => no('test') });
  const failures = await run([token, phase('a', [token], { run: async ({ resultOf }) => resultOf(token) })]);
  expect(failures.map(({ error }) => String(error))).toEqual([
    'Error: nothing is there yet of the phase token',
  ]);
});

it('tells those that clean up what failed, and not what Ctrl-C ended before or while it ran', async () => {
  const { done, phase, run } = harness('m');
  const broken = phase('a', [], { run: () => Promise.reject(new Error('broken')) });
  const stop = new AbortController();
  const stopped = phase('b', [], {
    run: async ({ signal }) => {
      stop.abort(new Error('Ctrl-C'));
      signal.throwIfAborted();
    },
  });
  const late = phase('c', [stopped]);
  const sweep = phase('sweep', [], {
    always: true,
    run: async ({ hasFailed }) => void done.push([broken, stopped, late].map(hasFailed).join()),
  });
  await run([broken, sweep]);
  await run([stopped, late, sweep], stop.signal);
  expect(done).toEqual(['true,false,false', 'false,false,false']);
});

it('takes the machines of a serial phase one after the other, up to the first that fails', async () => {
  const { done, phase, run } = harness('m', 'n1', 'n2');
  const one = phase('one', [], {
    serial: true,
    run: async ({ state: { machine } }) => {
      done.push(`begin ${machine.name}`);
      await tick();
      done.push(`end ${machine.name}`);
      if (machine.name === 'n1') throw new Error('broken');
    },
  });
  const failures = await run([one]);
  expect(done).toEqual(['begin m', 'end m', 'begin n1', 'end n1']);
  expect(failures).toMatchObject([{ host: 'n1' }, { host: 'n2', blocked: true }]);
});
