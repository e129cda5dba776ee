import { type Garbage, pruneSystemContainers } from '../../system-container/index.ts';
import { everywhere, type Phase, yes } from '../phase.ts';
import type { Results } from './step.ts';

/** Deletes layers and deployments that nobody needs. */
export function pruneStep(results: Results<Garbage & { readonly messages: readonly string[] }>): Phase {
  return {
    id: 'prune',
    title: 'Delete what no container needs',
    on: everywhere,
    after: [],
    decide: () => yes('whatever no deployment is made of'),
    async run({ host, subject, signal }) {
      const garbage = await pruneSystemContainers(host, { signal });
      const messages = [...garbage.deployments, ...garbage.layers].map((what) => `Deleting ${what}`);
      results.set(subject, { ...garbage, messages });
    },
  };
}
