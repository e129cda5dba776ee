import { remoteScript } from '../host/remote-script.ts';
import { kubeadmFailed } from './kubeadm-failed.ts';
import { kubeadmNotYet } from './not-yet.ts';
import type { PhaseContext } from './phase.ts';
import { formerTry, runTransient } from './transient.ts';

/** Waits of kubeadm's that can follow each other in one run, each of which may take all of `wait`. */
const WAITS_IN_A_ROW = 4;

/** The name of the unit that kubeadm runs in, without `.service`. */
export const kubeadmUnit = (verb: KubeadmRun['verb']): string => `kboot-kubeadm-${verb}`;

/** How long kubeadm may take in all, in milliseconds; `waitMs`: how long it may wait for one thing. */
export const kubeadmTimeoutMs = (waitMs: number): number => WAITS_IN_A_ROW * waitMs;

/** Before kubeadm is started once more, in milliseconds. */
const PAUSE_MS = 5_000;

export interface KubeadmRun {
  readonly verb: 'init' | 'join';
  /** Path of its configuration on the machine. */
  readonly config: string;
  /** Made on the machine when it succeeds. */
  readonly marker: string;
  /** Paths which tell that an earlier try ended half-way. */
  readonly traces: readonly string[];
  /** Writes the configuration; `again`: an earlier try has left something. */
  readonly prepare: (again: boolean) => Promise<void>;
}

/**
 * Runs kubeadm to its end, or joins a run that a killed kboot left, and resolves with what it printed. An end for
 * a reason that passes by itself (the API refused a connection, say) is followed by another try, for as long as
 * kboot.yaml says (`wait`). Throws COMMAND_FAILED.
 */
export async function runKubeadm(
  { host, state, cluster, clock, signal, progress }: PhaseContext,
  { verb, config, marker, traces, prepare }: KubeadmRun,
): Promise<string> {
  const unit = { unit: kubeadmUnit(verb), marker };
  const argv = ['kubeadm', verb, '--config', config] as const;
  const timeoutMs = kubeadmTimeoutMs(cluster.waitMs);
  const deadline = clock.now() + cluster.waitMs;
  for (;;) {
    const former = await formerTry(host, unit, traces, signal);
    // One that is going was started with the configuration that is there.
    if (former !== 'going') {
      await host.change({ ...remoteScript('phases/remove-empty-files'), sudo: true }, signal);
      await prepare(former === 'left');
    }
    const { output, exitCode } = await runTransient(host, { ...unit, argv, timeoutMs }, signal);
    if (exitCode === 0) return output;
    if (!kubeadmNotYet(output) || clock.now() + PAUSE_MS > deadline) {
      throw kubeadmFailed(state.machine.name, verb, output);
    }
    progress({ text: `the API was away for a moment: kubeadm ${verb} once more` });
    await clock.sleep(PAUSE_MS, signal);
  }
}
