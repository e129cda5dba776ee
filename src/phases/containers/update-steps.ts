import type { MachineState } from '../../session/state.ts';
import {
  activateSystemContainer,
  type HealthLimit,
  pruneSystemContainers,
  type UpdateResult,
  updateSystemContainer,
} from '../../system-container/index.ts';
import { everywhere, no, type Phase, yes } from '../phase.ts';
import { oneAtATime } from './one-at-a-time.ts';
import type { ImageOf } from './send-image.ts';
import { has, ofMachine, rootfsOf, whereInstalled } from './step.ts';

export interface UpdateSettings extends HealthLimit {
  readonly name: string;
  readonly imageOf: ImageOf;
  readonly values: Readonly<Record<string, string>>;
  readonly runtime?: string | undefined;
}

/** Builds the deployment that an update switches to, when the layers of its image are sent. */
export function prepareStep(settings: UpdateSettings, sent: Phase): Phase<UpdateResult | undefined> {
  const { name, imageOf, values, runtime } = settings;
  return {
    id: 'prepare',
    title: `Prepare the update of ${name}`,
    on: everywhere,
    after: [sent],
    decide: whereInstalled(name),
    async run({ host, state, signal, warn }) {
      const opened = imageOf(state);
      if (!opened) return undefined;
      const given = state.containers.find((container) => container.name === name)?.remote;
      const { image, remote } = await rootfsOf(host, opened.image, given, signal);
      const result = await updateSystemContainer(
        host,
        {
          ...{ image, remote, name, values, runtime, prepareOnly: true },
          ...ofMachine(state),
        },
        { signal },
      );
      for (const warning of result.warnings) warn(warning);
      return result;
    },
  };
}

/** Switches to what is prepared; where an update found nothing to do, nothing is done. */
export function activateStep(
  { name, healthTimeoutS }: Pick<UpdateSettings, 'name' | 'healthTimeoutS'>,
  prepared?: ReadonlyMap<MachineState, UpdateResult | undefined>,
): Phase<UpdateResult> {
  return {
    id: 'activate',
    title: `Switch ${name}`,
    on: (state) => has(name, state),
    after: [],
    serial: oneAtATime(name),
    decide: (state) => {
      if (prepared === undefined) return whereInstalled(name)(state);
      return prepared.get(state)?.status === 'prepared'
        ? yes('the other deployment is prepared')
        : no('nothing to switch to');
    },
    async run({ host, signal }) {
      const result = await activateSystemContainer(host, name, { signal, healthTimeoutS });
      await pruneSystemContainers(host, { layersOnly: true, signal });
      return result;
    },
  };
}
