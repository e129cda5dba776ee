import type { Bundle } from '../bundle/open.ts';
import type { Cluster, Machine } from '../config/cluster.ts';
import type { Facts } from '../facts/facts.ts';
import type { Ledger } from '../facts/ledger.ts';
import type { Host } from '../host/host.ts';
import type { Clock } from '../lib/clock.ts';
import type { ListedContainer } from '../system-container/index.ts';
import type { Shared } from './shared.ts';

/** A machine as this run found it. */
export interface Subject {
  readonly machine: Machine;
  /** By which the other machines reach it: written in kboot.yaml or found out from its routes. */
  readonly address: string;
  readonly facts: Facts;
  /** undefined: kboot never changed the machine. */
  readonly ledger: Ledger | undefined;
  readonly containers: readonly ListedContainer[];
  /** On a master whose API answers: ids of the tokens that earlier runs of kboot left. */
  readonly leftTokens: readonly string[];
}

/** Everything a decision may look at. */
export interface Situation {
  readonly cluster: Cluster;
  readonly subjects: readonly Subject[];
  /** The first master, as this run found it. */
  readonly master: Subject;
}

/** Whether a phase has something to do, and why. */
export interface Decision {
  readonly run: boolean;
  readonly because: string;
}

/** What a phase works with. */
export interface PhaseContext {
  readonly cluster: Cluster;
  readonly bundle: Bundle;
  readonly subject: Subject;
  readonly host: Host;
  readonly situation: Situation;
  /** The connection to the first master. */
  readonly master: Host;
  /** What one phase makes for a later one. */
  readonly shared: Shared;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Folder for what can be made again: layer scans, bundles. */
  readonly cacheDir: string;
  progress(update: { text?: string; done?: number; total?: number }): void;
  warn(text: string): void;
}

/** One step of a recipe. */
export interface Phase {
  readonly id: string;
  readonly title: string;
  /** The machines it runs on. */
  on(subject: Subject, situation: Situation): boolean;
  /**
   * Phases that must be over first: those of the same machine, or of every machine that has them when this one
   * does not. Phases that do not wait for each other run at the same time.
   */
  readonly after: readonly string[];
  /**
   * Finishes what others on the machine may need already (images of pods that run): it and what it waits for go on
   * after another phase of the machine failed, unless they wait for that one.
   */
  readonly finishes?: boolean;
  /** Only looks: it does not count as a change. */
  readonly check?: boolean;
  /** Runs at the end whatever happened before, also after Ctrl-C: it cleans up. */
  readonly always?: boolean;
  /** Pure: `--dry-run` and the run share it. */
  decide(subject: Subject, situation: Situation, bundle: Bundle): Decision;
  run(context: PhaseContext): Promise<void>;
}

export const isFirstMaster = (subject: Subject, { master }: Situation): boolean => subject === master;
export const isNode = (subject: Subject): boolean => subject.machine.role === 'node';
export const everywhere = (): boolean => true;

export const yes = (because: string): Decision => ({ run: true, because });
export const no = (because: string): Decision => ({ run: false, because });
