import type { BuiltImage } from './image-step.ts';
import type { OnProgress } from './progress.ts';
import type { ManifestLock, Release } from './release.ts';
import type { Steps } from './steps.ts';

/** What a source of bundles is given. */
export interface SourceOptions {
  readonly release: Release;
  readonly flannel: ManifestLock;
  readonly arch: 'amd64' | 'arm64';
  readonly steps: Steps;
  readonly cacheDir: string;
  /** Fail rather than take other versions of Debian packages than the locked ones. */
  readonly locked: boolean;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

/** What a bundle is assembled from. */
export interface Ingredients {
  /** In the order of bundle.json. */
  readonly images: readonly BuiltImage[];
  /** The file of flannel's manifest. */
  readonly manifest: string;
  readonly versions: Readonly<Record<string, string>>;
}
