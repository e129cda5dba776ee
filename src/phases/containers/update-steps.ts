import {
  activateSystemContainer,
  type HealthLimit,
  pruneSystemContainers,
  type UpdateResult,
  updateSystemContainer,
} from '../../system-container/index.ts';
import { everywhere, no, type Phase, yes } from '../phase.ts';
import type { ImageOf } from './send-image.ts';
import { has, ofMachine, type Results, rootfsOf, whereInstalled } from './step.ts';

export interface UpdateSettings extends HealthLimit {
  readonly name: string;
  readonly imageOf: ImageOf;
  readonly values: Readonly<Record<string, string>>;
  readonly runtime?: string | undefined;
}

/** Builds the deployment that an update switches to. */
export function prepareStep(settings: UpdateSettings, results: Results<UpdateResult>): Phase {
  const { name, imageOf, values, runtime } = settings;
  return {
    id: 'prepare',
    title: `Prepare the update of ${name}`,
    on: everywhere,
    after: ['send-image'],
    decide: whereInstalled(name),
    async run({ host, subject, signal, warn }) {
      const opened = imageOf(subject);
      if (!opened) return;
      const given = subject.containers.find((container) => container.name === name)?.remote;
      const { image, remote } = await rootfsOf(host, opened.image, given, signal);
      const result = await updateSystemContainer(
        host,
        {
          ...{ image, remote, name, values, runtime, prepareOnly: true },
          ...ofMachine(subject),
        },
        { signal },
      );
      for (const warning of result.warnings) warn(warning);
      results.set(subject, result);
    },
  };
}

/** Switches to what is prepared; where an update found nothing to do, nothing is done. */
export function activateStep(
  { name, healthTimeoutS }: Pick<UpdateSettings, 'name' | 'healthTimeoutS'>,
  prepared: Results<UpdateResult> | undefined,
  results: Results<UpdateResult>,
): Phase {
  return {
    id: 'activate',
    title: `Switch ${name}`,
    on: (subject) => has(name, subject),
    after: [],
    decide: (subject) => {
      if (prepared === undefined) return whereInstalled(name)(subject);
      return prepared.get(subject)?.status === 'prepared'
        ? yes('the other deployment is prepared')
        : no('nothing to switch to');
    },
    async run({ host, subject, signal }) {
      results.set(subject, await activateSystemContainer(host, name, { signal, healthTimeoutS }));
      await pruneSystemContainers(host, { layersOnly: true, signal });
    },
  };
}
