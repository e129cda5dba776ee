import { isAbsolute, join } from 'node:path';

/** What decides where a user's programs keep their files. */
export interface UserPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  readonly home: string;
}

/** By the XDG base directory specification, which has a path that is not absolute ignored. */
function baseDirectory({ env, home }: UserPlaces, variable: string, usual: string): string {
  const chosen = env[variable] ?? '';
  return join(isAbsolute(chosen) ? chosen : join(home, usual), 'kboot');
}

/** Folder for what has to last: logs, labs. */
export const stateDirectory = (places: UserPlaces): string =>
  baseDirectory(places, 'XDG_STATE_HOME', '.local/state');

/** Folder for what can be made again: bundles, images. */
export const cacheDirectory = (places: UserPlaces): string =>
  baseDirectory(places, 'XDG_CACHE_HOME', '.cache');
