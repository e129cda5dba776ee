import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KbootError } from '../../../lib/errors.ts';
import { canonicalJson } from '../../canonical-json.ts';
import { type BuiltImage, describeImage, ENTRY_FILE, wholeImage } from '../image-step.ts';
import type { ImageSpec } from '../images.ts';
import { copyToLayout } from '../skopeo.ts';
import type { Steps } from '../steps.ts';
import { imageAt, type Mirrors } from './mirrors.ts';

/** Where an image is pulled from, and for which machines. */
export interface PullOptions {
  readonly mirrors: Mirrors;
  readonly arch: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Copies a published image into an OCI layout. What is pulled is the manifest (or the list of them) with that
 * digest, whatever the tag says by now; of a list the one for this architecture. Throws BUILD_FAILED.
 */
export async function pullImage(
  { name, kind, roles }: ImageSpec,
  digest: string,
  { mirrors, arch, signal }: PullOptions,
  steps: Steps,
): Promise<BuiltImage> {
  const folder = name.replace(/^.*\//, '').replace(/:.*$/, '');
  const step = { name: `pull-${folder}`, title: `Pull ${name}`, inputs: { name, kind, roles, digest, arch } };
  return wholeImage(
    steps,
    step,
    async (result) => {
      const { repository, insecure } = imageAt(name, mirrors);
      const layout = join(result, 'oci');
      const options = { arch, insecure, toOci: true, ignorePolicy: true, signal };
      await copyToLayout(`docker://${repository}@${digest}`, layout, options);
      const entry = await describeImage(layout, { name, kind, roles }, signal);
      if (entry.layers.length === 0) throw new KbootError('BUILD_FAILED', `${name}: has no layers`);
      await writeFile(join(result, ENTRY_FILE), canonicalJson(entry));
    },
    signal,
  );
}
