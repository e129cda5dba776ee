import { clearImage, sendImage } from '../../../phases/containers/send-image.ts';
import { activateStep, prepareStep, type Results } from '../../../phases/containers/steps.ts';
import type { Subject } from '../../../phases/phase.ts';
import type { UpdateResult } from '../../../system-container/index.ts';
import type { Run } from '../../verb.ts';
import { readCluster } from '../cluster.ts';
import { applySteps, type Change, finish, requireSomewhere, withMachines } from './change.ts';
import { Images } from './images.ts';
import { chooseMachines, type HostFlags, parseSettings } from './machines.ts';
import { oneAtATime } from './one-at-a-time.ts';

export interface UpdateFlags extends HostFlags {
  readonly rebase?: string;
  readonly set: readonly string[];
  readonly runtime?: string;
  readonly prepare: boolean;
  readonly activate: boolean;
  readonly insecureRegistry: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/**
 * Updates a container on the chosen machines: first all of them get the new deployment beside the old one, then they
 * switch; machines that hold a quorum switch one after the other.
 */
export async function runUpdate(run: Run, name: string, flags: UpdateFlags): Promise<string> {
  const values = parseSettings(flags.set);
  const cluster = await readCluster(run);
  const machines = chooseMachines(cluster, flags, 'change');
  return withMachines(run, cluster, machines, async (change) => {
    const having = requireSomewhere(change, name, flags.host);
    const prepared: Results<UpdateResult> | undefined = flags.activate ? undefined : new Map();
    const failures = [];
    if (prepared) {
      const images = new Images(run, cluster, flags.insecureRegistry);
      const imageOf = await imagesOf(images, name, having, flags.rebase);
      const steps = [
        sendImage(imageOf),
        prepareStep({ name, imageOf, values, runtime: flags.runtime }, prepared),
        clearImage(imageOf),
      ];
      const { failures: failed, planned } = await applySteps(change, steps, flags);
      if (planned !== undefined) return planned;
      if (flags.prepare) return finish(change, failed, prepared, flags.json);
      failures.push(...failed);
    }
    const results: Results<UpdateResult> = new Map();
    failures.push(...(await switchAll(change, name, prepared, results, failures.length > 0)));
    return finish(change, failures, merged(prepared, results), flags.json);
  });
}

/** The image that each machine gets: the one that is named, or the one its container was made from, as it is now. */
async function imagesOf(
  images: Images,
  name: string,
  subjects: readonly Subject[],
  rebase: string | undefined,
): Promise<(subject: Subject) => Awaited<ReturnType<Images['open']>> | undefined> {
  const opened = new Map(
    await Promise.all(
      subjects.map(async (subject) => {
        const installed = subject.containers.find((container) => container.name === name);
        const reference = rebase ?? installed?.image ?? name;
        return [subject, await images.open(reference, subject.facts.machine)] as const;
      }),
    ),
  );
  return (subject) => opened.get(subject);
}

async function switchAll(
  change: Change,
  name: string,
  prepared: Results<UpdateResult> | undefined,
  results: Results<UpdateResult>,
  someFailed: boolean,
) {
  const step = activateStep(name, prepared, results);
  if (!oneAtATime(name)) return (await applySteps(change, [step])).failures;
  // A member that could not be prepared may be down: no other may follow it.
  if (someFailed) return [];
  for (const subject of change.session.situation.subjects) {
    const { failures } = await applySteps(change, [
      { ...step, on: (each, of) => each === subject && step.on(each, of) },
    ]);
    if (failures.length > 0) return failures;
  }
  return [];
}

function merged(
  prepared: Results<UpdateResult> | undefined,
  switched: Results<UpdateResult>,
): Results<UpdateResult> {
  const all: Results<UpdateResult> = new Map(switched);
  for (const [subject, result] of prepared ?? []) {
    const after = switched.get(subject);
    const messages = [...result.messages, ...(after?.messages ?? [])];
    if (after) all.set(subject, { ...after, messages });
    else if (result.status === 'unchanged') all.set(subject, result);
  }
  return all;
}
