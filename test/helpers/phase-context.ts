import type { Phase, PhaseContext } from '../../src/phases/phase.ts';
import type { ClusterState, MachineState } from '../../src/session/state.ts';
import { BUNDLE, clusterStateOf, stateWith } from './cluster-state.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeHost } from './fake-host.ts';

/** What a phase works with, and what it told. */
export interface FakeContext extends PhaseContext {
  readonly host: FakeHost;
  readonly leader: FakeHost;
  readonly clock: FakeClock;
  readonly told: string[];
  /** Says what an earlier phase made. */
  made<Result>(phase: Phase<Result>, result: Result): void;
  /** Says that an earlier phase failed. */
  failed(phase: Phase): void;
}

/** A context on the leader, or on `state` with a host of its own. */
export function contextWith(
  changed: { readonly clusterState?: ClusterState; readonly state?: MachineState } & Partial<
    Pick<FakeContext, 'bundle'>
  > = {},
): FakeContext {
  const clusterState = changed.clusterState ?? clusterStateOf(stateWith('master.example.com', 'master'));
  const state = changed.state ?? clusterState.leader;
  const leader = new FakeHost(clusterState.leader.machine.name);
  const told: string[] = [];
  const results = new Map<Phase, unknown>();
  const failed = new Set<Phase>();
  return {
    clusterState,
    state,
    leader,
    told,
    cluster: clusterState.cluster,
    bundle: changed.bundle ?? BUNDLE,
    host: state === clusterState.leader ? leader : new FakeHost(state.machine.name),
    made: (phase, result) => results.set(phase, result),
    resultOf: <Result>(phase: Phase<Result>) => {
      if (!results.has(phase)) throw new Error(`the test does not say what ${phase.id} made`);
      return results.get(phase) as Result;
    },
    failed: (phase) => failed.add(phase),
    hasFailed: (phase) => failed.has(phase),
    clock: new FakeClock(),
    signal: new AbortController().signal,
    cacheDir: '/nowhere',
    progress: ({ text }) => text !== undefined && told.push(text),
    warn: (text) => told.push(`warning: ${text}`),
  };
}
