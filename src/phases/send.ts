import { isUnbuilt } from '../bundle/none.ts';
import { sendBlobs } from '../bundle/transfer.ts';
import { BLOBS_DIR } from '../cluster/paths.ts';
import { megabytes } from '../lib/units.ts';
import { baseline } from './baseline.ts';
import {
  type Choose,
  missingFirstImages,
  missingOtherImages,
  missingSystemImages,
} from './missing-images.ts';
import { everywhere, no, type Phase, yes } from './phase.ts';
import { missingBlobs } from './system-containers.ts';

/** A phase that sends the blobs which the chosen images still lack. */
function sendPhase(id: string, title: string, after: readonly Phase[], choose: Choose): Phase {
  return {
    id,
    title,
    on: everywhere,
    after,
    decide: (state, _clusterState, bundle) => {
      if (isUnbuilt(bundle)) return yes('what the machine lacks of the bundle, which is not built yet');
      const missing = missingBlobs(state, choose(state, bundle));
      const bytes = missing.reduce((sum, { size }) => sum + size, 0);
      return missing.length === 0
        ? no('the machine has every blob')
        : yes(`${missing.length} blobs are missing (${megabytes(bytes)})`);
    },
    async run({ host, state, bundle, progress, signal }) {
      const missing = missingBlobs(state, choose(state, bundle));
      const total = missing.reduce((sum, { size }) => sum + size, 0);
      await sendBlobs(host, missing, {
        blobPath: (digest) => bundle.blobPath(digest),
        into: BLOBS_DIR,
        onProgress: (done) => progress({ done, total }),
        signal,
      });
    },
  };
}

export const sendSystem = sendPhase('send-system', 'Send the system images', [baseline], missingSystemImages);
export const sendFirst = sendPhase(
  'send-first',
  'Send the first pod images',
  [sendSystem],
  missingFirstImages,
);
export const sendRest = sendPhase('send-rest', 'Send the other pod images', [sendFirst], missingOtherImages);
