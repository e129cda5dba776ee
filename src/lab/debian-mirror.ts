import { run } from './run.ts';

/** The Debian release that a lab machine runs. */
export const SUITE = 'bookworm';

/** The format for `apt-get indextargets` that `chooseMirror` reads. */
const FORMAT = '$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(REPO_URI)';

/**
 * The mirror among this machine's own apt sources that has a Debian release: the source of that release,
 * else a source of another Debian release. undefined when there is none (another distribution).
 * `targets`: lines of RELEASE|COMPONENT|ORIGIN|URI.
 */
export function chooseMirror(targets: string, suite: string): string | undefined {
  const main = targets
    .split('\n')
    .map((line) => line.split('|'))
    .filter(([, component, , uri]) => component === 'main' && /^https?:/.test(uri ?? ''));
  const own = main.find(([release]) => release === suite);
  const other = main.find(([release, , origin]) => origin === 'Debian' && /^[a-z]+$/.test(release ?? ''));
  return (own ?? other)?.[3]?.replace(/\/$/, '');
}

/** The mirror and the proxy that this machine's apt uses; undefined where it has none or there is no apt. */
export async function debianMirror(
  suite: string,
  signal?: AbortSignal,
): Promise<{ readonly mirror: string | undefined; readonly proxy: string | undefined }> {
  const targets = await run(['apt-get', 'indextargets', '--format', FORMAT, 'Created-By: Packages'], {
    signal,
  }).catch(() => '');
  const proxy = await run(['apt-config', 'dump', '--format', '%v', 'Acquire::http::Proxy'], { signal }).catch(
    () => '',
  );
  signal?.throwIfAborted();
  return { mirror: chooseMirror(targets, suite), proxy: proxy || undefined };
}
