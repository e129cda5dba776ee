import { join } from 'node:path';
import { KbootError } from '../../../lib/errors.ts';
import { measureFile } from '../../digest.ts';
import { run } from '../run.ts';
import type { Steps } from '../steps.ts';
import { fileAt, type Mirrors } from './mirrors.ts';

/** Times that a download is tried again after an error that may pass. */
const RETRIES = '3';

/** Downloads into a file. curl, because it honours the proxies that this machine is set up for. */
export async function fetchFile(
  url: string,
  mirrors: Mirrors,
  file: string,
  signal?: AbortSignal,
): Promise<void> {
  await run(['curl', '-fsSL', '--retry', RETRIES, '-o', file, fileAt(url, mirrors)], { signal });
}

/**
 * A file that upstream publishes, downloaded once and checked. Throws BUILD_FAILED when it is not the one with
 * that SHA-256 (in hex), and keeps nothing of it then.
 */
export async function pinnedFile(
  url: string,
  sha256: string,
  mirrors: Mirrors,
  steps: Steps,
  signal?: AbortSignal,
): Promise<string> {
  const name = url.slice(url.lastIndexOf('/') + 1);
  const step = { name: `download-${name}`, title: `Download ${name}`, inputs: { url, sha256 } };
  const dir = await steps.run(step, async (result) => {
    const file = join(result, name);
    await fetchFile(url, mirrors, file, signal);
    const { digest } = await measureFile(file, signal);
    if (digest === `sha256:${sha256}`) return;
    throw new KbootError(
      'BUILD_FAILED',
      `${fileAt(url, mirrors)}: expected sha256:${sha256}, found ${digest}`,
      {
        hint: 'what is published was changed, or the mirror has something else: do not use it before you know why',
      },
    );
  });
  return join(dir, name);
}
