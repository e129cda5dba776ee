import { resolve } from 'node:path';
import { bundleDir, DEFAULT_KUBERNETES } from '../../bundle/build/build.ts';
import type { Bundle } from '../../bundle/open.ts';
import { cacheDirectory } from '../../lib/base-directories.ts';
import type { Io } from '../io.ts';

/** Which of the bundles that kboot has built. */
export interface ChosenFlags {
  readonly kubernetes?: string;
  readonly source: 'modules' | 'upstream';
}

/** The folder of the bundle that is meant. */
export function folderOf(io: Io, folder: string | undefined, { kubernetes, source }: ChosenFlags): string {
  if (folder !== undefined) return resolve(io.cwd, folder);
  return bundleDir({ cacheDir: cacheDirectory(io), kubernetes: kubernetes ?? DEFAULT_KUBERNETES, source });
}

/** Folder and digest, for kboot.yaml. */
export function identify({ dir, digest }: Bundle): string {
  return `${dir}\n${digest}\n`;
}
