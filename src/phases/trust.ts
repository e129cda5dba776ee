import { CHECKOUT_ROOT, JOINED } from '../cluster/paths.ts';
import { unpackLayers } from '../system-container/index.ts';
import { BLOB_DIRS, readBundleImage } from './install-container.ts';
import { joinToken } from './join-token.ts';
import { isNode, no, type Phase, yes } from './phase.ts';
import { sendSystem } from './send.ts';
import { requireImage } from './system-containers.ts';
import { verifyCluster } from './verify-cluster.ts';

/**
 * The joining machine itself asks the endpoint who it is, before anything is installed on it. kubectl is run
 * from the kubelet image's layers, which are unpacked into the layer store for it.
 */
export const trust: Phase = {
  id: 'trust',
  title: 'Verify the cluster',
  on: isNode,
  after: [sendSystem, joinToken],
  decide: ({ facts }) =>
    facts.present.has(JOINED) ? no('it has joined already') : yes('it has not joined yet'),
  async run(context) {
    const { bundle, host, cacheDir, signal } = context;
    const image = await readBundleImage(bundle, requireImage(bundle, 'kubelet'), cacheDir);
    await unpackLayers(host, image.steps, { root: CHECKOUT_ROOT, blobDirs: BLOB_DIRS, signal });
    await verifyCluster(context, context.resultOf(joinToken));
  },
};
