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

/** Stands in for a bundle that has yet to be built, in a dry run: what it will hold is not known. */
export function unbuiltBundle(kubernetes: string): Bundle {
  return {
    ...{ dir: '', digest: '', blobPath: nothing, readManifest: nothing },
    lock: {
      ...{ apiVersion: 'kboot/v1', kind: 'Bundle', kubernetes, arch: 'amd64', source: 'modules' },
      ...{ versions: {}, images: [], manifests: [] },
    },
  };
}

/** Whether the bundle is one of unbuiltBundle. */
export const isUnbuilt = ({ lock }: Bundle): boolean => lock.images.length === 0;
