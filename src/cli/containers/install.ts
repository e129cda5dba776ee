import { parseImageReference } from '../../bundle/image-source/reference.ts';
import { installStep } from '../../phases/containers/install-step.ts';
import { clearImage, sendImage } from '../../phases/containers/send-image.ts';
import { startStep } from '../../phases/containers/start-step.ts';
import { valuesForMachine } from '../../phases/containers/values.ts';
import { resultsOf } from '../../plan/outcome.ts';
import { requireSpace } from '../../plan/preflight/layer-space.ts';
import type { MachineState } from '../../session/state.ts';
import { defaultName } from '../../system-container/index.ts';
import { Installs } from '../json/documents.ts';
import { readCluster } from '../session/cluster-file.ts';
import type { Run, VerbResult } from '../verb.ts';
import { applySteps, resultOf, withMachines } from './change.ts';
import { chooseMachines, type HostFlags, parseSettings } from './machines.ts';
import { Images } from './opened-images.ts';

export interface InstallFlags extends HostFlags {
  readonly name?: string;
  readonly set: readonly string[];
  readonly runtime?: string;
  readonly rootfs?: string;
  readonly display: boolean;
  readonly start: boolean;
  readonly healthTimeout?: number;
  readonly insecureRegistry: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/**
 * Installs a container on the chosen machines, in parallel. What an image that is run once ends with is what kboot ends
 * with.
 */
export async function runInstall(run: Run, reference: string, flags: InstallFlags): Promise<VerbResult> {
  const settings = parseSettings(flags.set);
  const cluster = await readCluster(run);
  const machines = chooseMachines(cluster, flags, 'change');
  const images = new Images(run, cluster, flags.insecureRegistry);
  const { name: image } = parseImageReference(reference, run.io.cwd);
  return withMachines(run, cluster, machines, { dryRun: flags.dryRun || flags.display }, async (change) => {
    const { clusterState } = change.session;
    const opened = new Map(
      await Promise.all(
        clusterState.states.map(
          async (state) => [state, await images.open(image, state.facts.machine)] as const,
        ),
      ),
    );
    const bundle = await images.usedBundle;
    const imageOf = (state: MachineState) => opened.get(state);
    // Neither a root filesystem of the machine nor a mere look needs the layers.
    const sent = flags.rootfs === undefined && !flags.display ? imageOf : () => undefined;
    requireSpace(clusterState, sent);
    const name = flags.name ?? defaultName(image, [...opened.values()][0]?.image.title);
    const send = sendImage(sent);
    const install = installStep(
      {
        ...{ name, imageOf, runtime: flags.runtime, rootfs: flags.rootfs, display: flags.display },
        valuesOf: (state) => ({
          ...valuesForMachine(imageOf(state)?.image.name ?? image, state, clusterState, bundle),
          ...settings,
        }),
      },
      send,
    );
    const start = startStep({ name, imageOf, healthTimeoutS: flags.healthTimeout }, install);
    const isStarted = flags.start && !flags.display;
    const steps = [send, install, ...(isStarted ? [start] : []), clearImage(sent)];
    const applied = await applySteps(change, steps, flags);
    const results = resultsOf(install, applied.outcomes);
    const result = resultOf(change, applied, results, flags.json ? Installs : undefined);
    const exitCode = Math.max(0, ...[...results.values()].map((installed) => installed?.exitCode ?? 0));
    return { ...result, exitCode };
  });
}
