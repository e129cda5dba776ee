import { copyFile, readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { digestOf } from '../../src/bundle/digest.ts';
import { blobPath, LAYER_TYPE, MANIFEST_TYPE } from '../../src/bundle/oci-layout.ts';
import { file, type Member, makeLayer } from '../system-container/make-image.ts';
import { defaultBundle } from './cluster.ts';
import { type Descriptor, Layout, tagged } from './layout.ts';

/**
 * Another build of a system image of the default bundle: the same image with one layer more. It goes into an OCI
 * layout in `dir`; resolves with its reference for `kboot containers update NAME --rebase`.
 */
export async function otherBuild(dir: string, name: string, members: readonly Member[]): Promise<string> {
  const bundle = await defaultBundle();
  const image = bundle.lock.images.find((each) => each.name.startsWith(`kboot/${name}:`));
  if (!image) throw new Error(`the bundle has no system image ${name}`);
  const read = async (digest: string) => JSON.parse(await readFile(bundle.blobPath(digest), 'utf8'));
  const manifest: { config: Descriptor; layers: Descriptor[] } = await read(image.manifest.digest);
  const config = await read(manifest.config.digest);
  const layout = await Layout.make(dir);
  for (const { digest } of manifest.layers) await copyFile(bundle.blobPath(digest), blobPath(dir, digest));
  const { blob } = await makeLayer(members);
  config.rootfs.diff_ids.push(digestOf(gunzipSync(blob)));
  delete config.history;
  const other = await layout.putJson(MANIFEST_TYPE, {
    schemaVersion: 2,
    config: await layout.putJson(manifest.config.mediaType, config),
    layers: [...manifest.layers, await layout.put(LAYER_TYPE, blob)],
  });
  await layout.writeIndex(tagged(other, 'other'));
  return `oci:${dir}:other`;
}

/** Another build of the kubelet, in `dir`, with a file that `RUNS_KUBELET_TWO` looks for. */
export function kubeletTwo(dir: string): Promise<string> {
  return otherBuild(dir, 'kubelet', [file(`exports/hostfs${FILE_OF_TWO}`, '#!/bin/sh\n', 0o755)]);
}

const FILE_OF_TWO = '/usr/local/bin/kubelet-two';

/** Fails on a machine whose kubelet does not run, or is another than `kubeletTwo`. */
export const RUNS_KUBELET_TWO = `test -x ${FILE_OF_TWO} && systemctl is-active kubelet`;
