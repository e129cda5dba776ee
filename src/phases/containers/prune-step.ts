import { type Garbage, pruneSystemContainers } from '../../system-container/index.ts';
import { everywhere, type Phase, yes } from '../phase.ts';

/** Deletes layers and deployments that nobody needs. */
export const prune: Phase<Garbage & { readonly messages: readonly string[] }> = {
  id: 'prune',
  title: 'Delete what no container needs',
  on: everywhere,
  after: [],
  decide: () => yes('whatever no deployment is made of'),
  async run({ host, signal }) {
    const garbage = await pruneSystemContainers(host, { signal });
    const messages = [...garbage.deployments, ...garbage.layers].map((what) => `Deleting ${what}`);
    return { ...garbage, messages };
  },
};
