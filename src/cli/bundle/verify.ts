import { openBundle } from '../../bundle/open.ts';
import { verifyBundle } from '../../bundle/verify.ts';
import type { Run, VerbResult } from '../verb.ts';
import { type ChosenFlags, folderOf, identify } from './chosen.ts';

export interface VerifyFlags extends ChosenFlags {
  readonly digest?: string;
}

/** `kboot bundle verify`: resolves with the folder and the digest when nothing was changed. */
export async function runBundleVerify(
  run: Run,
  folder: string | undefined,
  flags: VerifyFlags,
): Promise<VerbResult> {
  run.report({ type: 'run-start', verb: 'bundle verify', hosts: [] });
  const bundle = await openBundle(folderOf(run.io, folder, flags), flags.digest);
  await verifyBundle(bundle, { signal: run.io.signal });
  const { images, manifests } = bundle.lock;
  run.report({
    type: 'note',
    text: `images: ${images.length}, manifests: ${manifests.length}, all as bundle.json says`,
  });
  return { output: identify(bundle) };
}
