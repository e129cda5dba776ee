import { KbootError } from '../../../lib/errors.ts';

/** A host of upstream (`dl.k8s.io`, `registry.k8s.io`) to what stands in its place. */
export type Mirrors = ReadonlyMap<string, string>;

/**
 * Reads `HOST=PLACE` texts: the place is a URL for files (`https://mirror.example.com/k8s`), and for images a
 * registry with an optional path, as a URL too when it speaks plain HTTP (`http://127.0.0.1:5000`). Throws USAGE.
 */
export function parseMirrors(texts: readonly string[]): Mirrors {
  return new Map(
    texts.map((text) => {
      const [, host, place] = /^([a-z0-9.-]+(?::\d+)?)=(\S+)$/i.exec(text) ?? [];
      if (host === undefined || place === undefined) {
        throw new KbootError('USAGE', `'${text}' is not a mirror`, {
          hint: '--mirror dl.k8s.io=https://mirror.example.com/k8s, --mirror registry.k8s.io=mirror.example.com/k8s',
        });
      }
      return [host, place.replace(/\/+$/, '')];
    }),
  );
}

/** Where to get a file from: its own URL, or the same path at the mirror of its host. */
export function fileAt(url: string, mirrors: Mirrors): string {
  const { host, pathname } = new URL(url);
  const mirror = mirrors.get(host);
  if (mirror === undefined) return url;
  return `${mirror.includes('://') ? mirror : `https://${mirror}`}${pathname}`;
}

/** Where to get an image from. */
export interface ImagePlace {
  /** `registry.k8s.io/kube-proxy`, without a tag. */
  readonly repository: string;
  /** Plain HTTP, which only a mirror may be asked for. */
  readonly insecure: boolean;
}

/** The repository of an image name, or the same path at the mirror of its registry. */
export function imageAt(name: string, mirrors: Mirrors): ImagePlace {
  const repository = name.replace(/:[^/:]*$/, '');
  const [registry = '', ...path] = repository.split('/');
  const mirror = mirrors.get(registry);
  if (mirror === undefined) return { repository, insecure: false };
  return {
    repository: [mirror.replace(/^https?:\/\//, ''), ...path].join('/'),
    insecure: mirror.startsWith('http://'),
  };
}
