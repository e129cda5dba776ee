import { removalList } from '../host-file/tracked-file.ts';
import type { SystemImage } from '../image/image.ts';
import type { LayerStep } from '../layer/merge.ts';
import type { Files } from '../machine/archive.ts';
import { tmpfilesCopy, unitName } from '../machine/paths.ts';
import type { Settled } from './decide.ts';
import { layerName } from './layer-store.ts';

/** Present in a deployment that was built and never was active. */
export const PREPARED = 'prepared';

/**
 * What the build of a deployment works from. That of an image whose files are guarded is closed to all but root by the
 * folder around it; its root itself has to keep its mode, for that is what the container's own programs see.
 */
export function buildFiles(
  name: string,
  image: Pick<SystemImage, 'steps' | 'guarded'>,
  settled: Settled,
): Files {
  const { unit, tmpfiles, leftovers, remote } = settled;
  const files = new Map([
    ['deployment/config.json', settled.config],
    ['deployment/info', settled.info],
    [`deployment/${PREPARED}`, ''],
    ...rootfsFiles(image.steps),
    ['leftovers', removalList(leftovers.installed)],
    ['leftover-units', leftovers.units.map((path) => `${path}\n`).join('')],
  ]);
  if (image.guarded) files.set('closed', '');
  if (unit === undefined) files.set('no-service', '');
  else files.set(`deployment/${unitName(name)}`, unit);
  if (tmpfiles !== '') files.set(`deployment/${tmpfilesCopy(name)}`, tmpfiles);
  if (remote !== undefined) files.set('remote', remote);
  for (const [path, text] of settled.texts) files.set(`deployment/${path}`, text);
  return files;
}

/** How layers are put together. */
export function rootfsFiles(steps: readonly LayerStep[]): Files {
  const files = new Map([['layers', steps.map((step) => `${layerName(step)}\n`).join('')]]);
  for (const [at, { remove, keep }] of steps.entries()) {
    files.set(`remove.${at}`, remove.map((path) => `./${path}\0`).join(''));
    const kept = keep.map(({ owner, mode, path }) => `${owner}\0${mode.toString(8)}\0./${path}\0`);
    files.set(`keep.${at}`, kept.join(''));
  }
  return files;
}
