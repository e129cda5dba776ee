import type { Failure } from '../../lib/failure.ts';
import { oneAtATime } from '../../phases/containers/one-at-a-time.ts';
import { clearImage, sendImage } from '../../phases/containers/send-image.ts';
import { activateStep, prepareStep } from '../../phases/containers/update-steps.ts';
import { resultsOf } from '../../plan/outcome.ts';
import { requireSpace } from '../../plan/preflight/layer-space.ts';
import type { MachineState } from '../../session/state.ts';
import type { HealthLimit, UpdateResult } from '../../system-container/index.ts';
import { applySteps, type Change } from './change.ts';
import type { Images } from './opened-images.ts';

export interface UpdateSettings extends HealthLimit {
  readonly name: string;
  readonly images: Images;
  readonly rebase?: string | undefined;
  readonly values: Readonly<Record<string, string>>;
  readonly runtime?: string | undefined;
  /** Build only, switch only; both when absent. */
  readonly only?: 'prepare' | 'activate' | undefined;
  readonly dryRun: boolean;
}

/** What came of it, by machine. */
type Results = ReadonlyMap<MachineState, UpdateResult | undefined>;

export interface Updated {
  readonly results: Results;
  readonly failures: readonly Failure[];
  /** The plan's text, of a dry run. */
  readonly planned?: string | undefined;
}

/** Updates a container on these machines: all of them get the new deployment first, then they switch. */
export async function updateMachines(
  change: Change,
  states: readonly MachineState[],
  settings: UpdateSettings,
): Promise<Updated> {
  const { name, only, dryRun } = settings;
  if (only === 'activate') return switchMachines(change, settings, undefined, dryRun);
  const imageOf = await imagesOf(states, settings);
  requireSpace(change.session.clusterState, imageOf);
  const send = sendImage(imageOf);
  const prepare = prepareStep({ ...settings, imageOf }, send);
  const { failures, outcomes, planned } = await applySteps(change, [send, prepare, clearImage(imageOf)], {
    dryRun,
  });
  const prepared = resultsOf(prepare, outcomes);
  if (planned !== undefined || only === 'prepare') return { results: prepared, failures, planned };
  // A member of a quorum that could not be prepared may be down: no other may follow it.
  if (failures.length > 0 && oneAtATime(name)) return { results: new Map(), failures };
  const switched = await switchMachines(change, settings, prepared, false);
  return {
    results: merged(prepared, switched.results),
    failures: [...failures, ...switched.failures],
  };
}

/** The image that each machine gets: the one that is named, or the one its container was made from, as it is now. */
async function imagesOf(states: readonly MachineState[], { name, images, rebase }: UpdateSettings) {
  const opened = new Map(
    await Promise.all(
      states.map(async (state) => {
        const installed = state.containers.find((container) => container.name === name);
        const reference = rebase ?? installed?.image ?? name;
        return [state, await images.open(reference, state.facts.machine)] as const;
      }),
    ),
  );
  return (state: MachineState) => opened.get(state);
}

async function switchMachines(
  change: Change,
  settings: UpdateSettings,
  prepared: Results | undefined,
  dryRun: boolean,
): Promise<Updated> {
  const activate = activateStep(settings, prepared);
  const { failures, outcomes, planned } = await applySteps(change, [activate], { dryRun });
  return { results: resultsOf(activate, outcomes), failures, planned };
}

/** What came of each machine, with what was said on both ways. */
function merged(prepared: Results, switched: Results): Results {
  const all = new Map(switched);
  for (const [state, result] of prepared) {
    const after = switched.get(state);
    if (result && after) all.set(state, { ...after, messages: [...result.messages, ...after.messages] });
    else if (result?.status === 'unchanged') all.set(state, result);
  }
  return all;
}
