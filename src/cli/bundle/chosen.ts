import { resolve } from 'node:path';
import { bundleDir, DEFAULT_KUBERNETES } from '../../bundle/build/build.ts';
import type { Bundle } from '../../bundle/open.ts';
import type { Io } from '../io.ts';
import { cacheDirOf } from '../session/bundle.ts';

/** Which of the bundles that kboot has built. */
export interface ChosenFlags {
  readonly kubernetes?: string;
  readonly source: 'modules' | 'upstream';
}

/** The folder of the bundle that is meant. */
export function folderOf(io: Io, folder: string | undefined, { kubernetes, source }: ChosenFlags): string {
  if (folder !== undefined) return resolve(io.cwd, folder);
  return bundleDir({ cacheDir: cacheDirOf(io), kubernetes: kubernetes ?? DEFAULT_KUBERNETES, source });
}

/** Folder and digest, for kboot.yaml. */
export function identify({ dir, digest }: Bundle): string {
  return `${dir}\n${digest}\n`;
}
