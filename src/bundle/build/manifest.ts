import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { KbootError } from '../../lib/errors.ts';
import { measureFile } from '../digest.ts';
import type { ManifestLock } from './release.ts';
import { run } from './run.ts';
import type { Steps } from './steps.ts';

/** What `go mod download -json` says of a module, as far as it matters here. */
const ModuleDownload = z.object({ Dir: z.string() });

/** Takes an addon's manifest unchanged out of its Go module. Throws BUILD_FAILED when it is not the locked one. */
export async function manifestFromModule(
  lock: ManifestLock,
  steps: Steps,
  signal?: AbortSignal,
): Promise<string> {
  const step = {
    name: `manifest-${lock.name}`,
    title: `Take the manifest of ${lock.name} ${lock.version}`,
    inputs: lock,
  };
  const dir = await steps.run(step, async (result) => {
    const download = ['go', 'mod', 'download', '-json', `${lock.module}@${lock.version}`] as const;
    const answer = await run(download, { cwd: result, env: { GOFLAGS: '', GOWORK: 'off' }, signal });
    const { Dir: source } = ModuleDownload.parse(JSON.parse(answer));
    await copyFile(join(source, lock.path), join(result, 'manifest.yml'));
    await checkManifest(join(result, 'manifest.yml'), lock);
  });
  return join(dir, 'manifest.yml');
}

/** Throws BUILD_FAILED when a file is not the manifest that the lock pins. */
export async function checkManifest(path: string, { name, version, sha256 }: ManifestLock): Promise<void> {
  const { digest } = await measureFile(path);
  if (digest === `sha256:${sha256}`) return;
  throw new KbootError(
    'BUILD_FAILED',
    `the manifest of ${name} ${version}: expected sha256:${sha256}, found ${digest}`,
  );
}
