import { join } from 'node:path';
import { buildImage } from './image-step.ts';
import { imageSpecs } from './images.ts';
import type { Ingredients, SourceOptions } from './ingredients.ts';
import { debianVersions, fetchPackages, readPackageLock } from './packages.ts';
import { BuildStorage } from './podman.ts';
import { pinnedFile } from './upstream/download.ts';
import { readUpstreamLock, requirePinned, upstreamLockPath } from './upstream/lock.ts';
import type { Mirrors } from './upstream/mirrors.ts';
import { pullImage } from './upstream/pull.ts';
import { flannelPluginVersion, upstreamFiles } from './upstream/sources.ts';
import { treesFromUpstream } from './upstream/trees.ts';
import { buildUserland, readUserland } from './userland.ts';

export interface UpstreamOptions extends SourceOptions {
  readonly mirrors: Mirrors;
  /** The file that pins what is taken; the committed one unless a test has its own. */
  readonly lockFile?: string;
}

/** Takes programs and pod images as their projects publish them, and builds only the system images. */
export async function fromUpstream(options: UpstreamOptions): Promise<Ingredients> {
  const { release, flannel, arch, steps, cacheDir, mirrors, signal } = options;
  const lock = await readUpstreamLock(options.lockFile ?? upstreamLockPath(release.kubernetes));
  const files = upstreamFiles(release, flannel, arch);
  const specs = imageSpecs(release, flannel);
  const published = specs.filter(({ kind }) => kind === 'pod').map(({ name }) => name);
  requirePinned(lock, { urls: files.map(({ url }) => url), images: published }, release.kubernetes);

  const programs = await treesFromUpstream(files, lock, mirrors, steps, signal);
  const packages = await fetchPackages(await readPackageLock(arch), options);
  const trees = new Map([
    ...programs,
    ...(await buildUserland(packages, await readUserland(), steps, signal)),
  ]);
  const manifest = await pinnedFile(flannel.url, flannel.sha256, mirrors, steps, signal);
  const storage = new BuildStorage(join(cacheDir, 'podman'), signal);
  try {
    const images = [];
    for (const spec of specs) {
      const digest = lock.images[spec.name];
      images.push(
        spec.kind === 'pod' && digest !== undefined
          ? await pullImage(spec, digest, { mirrors, arch, signal }, steps)
          : await buildImage(spec, trees, steps, storage, signal),
      );
    }
    const versions = {
      ...release,
      'flannel-cni-plugin': flannelPluginVersion(flannel),
      ...debianVersions(packages),
    };
    return { images, manifest, versions };
  } finally {
    await storage[Symbol.asyncDispose]();
  }
}
