import type { Phase, PhaseContext } from '../../src/phases/phase.ts';
import type { ClusterState, MachineState } from '../../src/session/state.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeHost } from './fake-host.ts';
import { BUNDLE, situationOf, subjectWith } from './situation.ts';

/** What a phase works with, and what it told. */
export interface FakeContext extends PhaseContext {
  readonly host: FakeHost;
  readonly master: FakeHost;
  readonly clock: FakeClock;
  readonly told: string[];
  /** Says what an earlier phase made. */
  made<Result>(phase: Phase<Result>, result: Result): void;
}

/** A context on the master, or on `subject` with a host of its own. */
export function contextWith(
  changed: { readonly situation?: ClusterState; readonly subject?: MachineState } & Partial<
    Pick<FakeContext, 'bundle'>
  > = {},
): FakeContext {
  const situation = changed.situation ?? situationOf(subjectWith('master.example.com', 'master'));
  const subject = changed.subject ?? situation.master;
  const master = new FakeHost(situation.master.machine.name);
  const told: string[] = [];
  const results = new Map<Phase, unknown>();
  return {
    situation,
    subject,
    master,
    told,
    cluster: situation.cluster,
    bundle: changed.bundle ?? BUNDLE,
    host: subject === situation.master ? master : new FakeHost(subject.machine.name),
    made: (phase, result) => results.set(phase, result),
    resultOf: <Result>(phase: Phase<Result>) => {
      if (!results.has(phase)) throw new Error(`the test does not say what ${phase.id} made`);
      return results.get(phase) as Result;
    },
    stateOf: (phase) => (results.has(phase) ? 'done' : undefined),
    clock: new FakeClock(),
    signal: new AbortController().signal,
    cacheDir: '/nowhere',
    progress: ({ text }) => text !== undefined && told.push(text),
    warn: (text) => told.push(`warning: ${text}`),
  };
}
