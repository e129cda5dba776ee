import { join } from 'node:path';
import { buildImage } from './image-step.ts';
import { imageSpecs } from './images.ts';
import type { Ingredients, SourceOptions } from './ingredients.ts';
import { manifestFromModule } from './manifest.ts';
import { treesFromModules } from './modules.ts';
import { BuildStorage } from './podman.ts';

/** Compiles every program from its Go module and builds every image from its Containerfile. */
export async function fromModules(options: SourceOptions): Promise<Ingredients> {
  const { release, flannel, steps, cacheDir, signal } = options;
  const trees = await treesFromModules(release, steps, options);
  const manifest = await manifestFromModule(flannel, steps, signal);
  const storage = new BuildStorage(join(cacheDir, 'podman'), signal);
  try {
    const images = [];
    for (const spec of imageSpecs(release, flannel)) {
      images.push(await buildImage(spec, trees.folders, steps, storage, signal));
    }
    return { images, manifest, versions: { ...release, ...trees.versions } };
  } finally {
    await storage[Symbol.asyncDispose]();
  }
}
