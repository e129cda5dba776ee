import { clearImage, sendImage } from '../../../phases/containers/send-image.ts';
import type { Results } from '../../../phases/containers/step.ts';
import { activateStep, prepareStep } from '../../../phases/containers/update-steps.ts';
import type { Subject } from '../../../phases/phase.ts';
import type { Failure } from '../../../plan/outcome.ts';
import { requireSpace } from '../../../plan/preflight/layer-space.ts';
import type { HealthLimit, UpdateResult } from '../../../system-container/index.ts';
import { applySteps, type Change } from './change.ts';
import type { Images } from './images.ts';
import { oneAtATime } from './one-at-a-time.ts';

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

export interface Updated {
  readonly results: Results<UpdateResult>;
  readonly failures: readonly Failure[];
  /** The plan's text, of a dry run. */
  readonly planned?: string | undefined;
}

/** Updates a container on these machines: all of them get the new deployment first, then they switch. */
export async function updateMachines(
  change: Change,
  subjects: readonly Subject[],
  settings: UpdateSettings,
): Promise<Updated> {
  const { name, only, dryRun } = settings;
  if (only === 'activate') return switchMachines(change, settings, undefined, dryRun);
  const imageOf = await imagesOf(subjects, settings);
  requireSpace(change.session.situation, imageOf);
  const prepared: Results<UpdateResult> = new Map();
  const steps = [sendImage(imageOf), prepareStep({ ...settings, imageOf }, prepared), clearImage(imageOf)];
  const { failures, planned } = await applySteps(change, steps, { dryRun });
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
async function imagesOf(subjects: readonly Subject[], { name, images, rebase }: UpdateSettings) {
  const opened = new Map(
    await Promise.all(
      subjects.map(async (subject) => {
        const installed = subject.containers.find((container) => container.name === name);
        const reference = rebase ?? installed?.image ?? name;
        return [subject, await images.open(reference, subject.facts.machine)] as const;
      }),
    ),
  );
  return (subject: Subject) => opened.get(subject);
}

async function switchMachines(
  change: Change,
  settings: UpdateSettings,
  prepared: Results<UpdateResult> | undefined,
  dryRun: boolean,
): Promise<Updated> {
  const results: Results<UpdateResult> = new Map();
  const step = activateStep(settings, prepared, results);
  if (dryRun || !oneAtATime(settings.name))
    return { results, ...(await applySteps(change, [step], { dryRun })) };
  const failures = await oneAfterTheOther(change, step);
  return { results, failures };
}

/** Carries a step out on one machine after the other, up to the first that fails. */
export async function oneAfterTheOther(
  change: Change,
  step: ReturnType<typeof activateStep>,
): Promise<readonly Failure[]> {
  for (const subject of change.session.situation.subjects) {
    const on: typeof step.on = (each, situation) => each === subject && step.on(each, situation);
    const { failures } = await applySteps(change, [{ ...step, on }]);
    if (failures.length > 0) return failures;
  }
  return [];
}

/** What came of each machine, with what was said on both ways. */
function merged(prepared: Results<UpdateResult>, switched: Results<UpdateResult>): Results<UpdateResult> {
  const all: Results<UpdateResult> = new Map(switched);
  for (const [subject, result] of prepared) {
    const after = switched.get(subject);
    if (after) all.set(subject, { ...after, messages: [...result.messages, ...after.messages] });
    else if (result.status === 'unchanged') all.set(subject, result);
  }
  return all;
}
