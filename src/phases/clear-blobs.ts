import { BLOBS_DIR } from '../cluster/paths.ts';
import { etcd } from './etcd.ts';
import { importRest } from './import.ts';
import { kubelet } from './kubelet.ts';
import { missingImages } from './missing-images.ts';
import { everywhere, no, type Phase, yes } from './phase.ts';

/** Blobs are of no more use once they are unpacked and imported. */
export const clearBlobs: Phase = {
  id: 'clear-blobs',
  title: 'Clear away the sent blobs',
  on: everywhere,
  after: [importRest, kubelet, etcd],
  decide: (state, _clusterState, bundle) => {
    const isWaiting = missingImages(state, bundle).length > 0;
    return state.facts.staged.size > 0 || isWaiting
      ? yes('nothing needs them once they are in place')
      : no('there are none');
  },
  async run({ host, signal }) {
    await host.change({ argv: ['rm', '-rf', BLOBS_DIR], sudo: true }, signal);
  },
};
