import type { Bundle } from './open.ts';

function nothing(): never {
  throw new Error('a recipe that installs nothing asked for its bundle');
}

/** Stands in for a bundle in recipes that install nothing; being asked for anything is a mistake in a phase. */
export const NO_BUNDLE: Bundle = {
  get dir() {
    return nothing();
  },
  get lock() {
    return nothing();
  },
  get digest() {
    return nothing();
  },
  blobPath: nothing,
  readManifest: nothing,
};
