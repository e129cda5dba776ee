import { join } from 'node:path';
import { openImage } from '../../../src/bundle/image-source/open.ts';
import { parseImageReference } from '../../../src/bundle/image-source/reference.ts';
import type { Bundle } from '../../../src/bundle/open.ts';
import { temporaryFolder } from '../../helpers/bundle.ts';
import { Layout } from '../../helpers/layout.ts';

const noBundle = (): Promise<Bundle> => Promise.reject(new Error('nobody asked for the bundle'));

interface Options {
  readonly bundle?: Bundle;
  readonly cacheDir?: string;
  readonly arch?: string;
}

/** Opens the image that a reference names; without a bundle where none is given. */
export function open(text: string, { bundle, cacheDir = '/nowhere', arch = 'amd64' }: Options = {}) {
  const reference = parseImageReference(text, '/nowhere');
  return openImage(reference, { bundle: bundle ? async () => bundle : noBundle, cacheDir, arch, env: {} });
}

/** An OCI layout with nothing in it. */
export const newLayout = async () => Layout.make(join(await temporaryFolder(), 'oci'));
