import { storedImages } from '../../system-container/index.ts';
import { renderStoredImages, storedImagesJson } from '../render/stored-images.ts';
import type { Run, VerbResult } from '../verb.ts';
import type { HostFlags } from './machines.ts';
import { askMachines } from './read.ts';

/** Shows what the images take on the machines' disks, and what sharing saves. */
export function runImages(run: Run, flags: HostFlags & { readonly json: boolean }): Promise<VerbResult> {
  return askMachines(run, flags, storedImages, (answers) => {
    const stored = answers.map(({ host, value }) => ({ host, ...value }));
    return flags.json ? storedImagesJson(stored) : renderStoredImages(stored);
  });
}
