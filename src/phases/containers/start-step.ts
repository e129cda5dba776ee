import { type HealthLimit, startUntilHealthy } from '../../system-container/index.ts';
import { everywhere, no, type Phase, yes } from '../phase.ts';
import type { ImageOf } from './send-image.ts';

export interface StartSettings extends HealthLimit {
  readonly name: string;
  readonly imageOf: ImageOf;
}

/** Starts the service of a container, once it is installed, and waits until it is healthy. */
export function startStep({ name, imageOf, healthTimeoutS }: StartSettings, installed: Phase): Phase {
  return {
    id: 'start',
    title: `Start ${name}`,
    on: everywhere,
    after: [installed],
    decide: (state) => {
      const image = imageOf(state)?.image;
      return image === undefined || image.runOnce || image.manifest.noContainerService
        ? no('it has no service')
        : yes('--start asks for it');
    },
    async run({ host, signal, warn }) {
      for (const text of await startUntilHealthy(host, name, { signal, healthTimeoutS })) warn(text);
    },
  };
}
