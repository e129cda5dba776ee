import { importImages } from '../bundle/import.ts';
import { isUnbuilt } from '../bundle/none.ts';
import { BLOBS_DIR } from '../cluster/paths.ts';
import { type Choose, missingFirstImages, missingOtherImages } from './missing-images.ts';
import { nodeRuntime } from './node-runtime.ts';
import { everywhere, no, type Phase, yes } from './phase.ts';
import { sendFirst, sendRest } from './send.ts';

/** A phase that hands staged images to containerd. */
function importPhase(id: string, title: string, after: readonly Phase[], choose: Choose): Phase {
  return {
    id,
    title,
    on: everywhere,
    after,
    // Pods that run already wait for their images, whatever failed since.
    finishes: true,
    decide: (state, _clusterState, bundle) => {
      if (isUnbuilt(bundle)) return yes('what containerd lacks of the bundle, which is not built yet');
      const images = choose(state, bundle);
      return images.length === 0 ? no('containerd has them') : yes(`${images.length} images are missing`);
    },
    async run({ host, state, bundle, signal }) {
      await importImages(host, choose(state, bundle), bundle.lock.arch, BLOBS_DIR, signal);
    },
  };
}

export const importFirst = importPhase(
  'import-first',
  'Import the first pod images',
  [sendFirst, nodeRuntime],
  missingFirstImages,
);
export const importRest = importPhase(
  'import-rest',
  'Import the other pod images',
  [sendRest, importFirst],
  missingOtherImages,
);
