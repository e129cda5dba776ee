import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { file, type Member } from '../../system-container/make-image.ts';

/** What an image of the collection is made of, beside what packages of its distribution bring. */
export interface Recipe {
  /** The files that its Dockerfile copies, byte for byte. */
  readonly members: readonly Member[];
  /** What it tells who installs it: `atomic.type`, `atomic.run`. */
  readonly labels: Readonly<Record<string, string>>;
}

const dockerfile = async (collection: string, name: string): Promise<string> =>
  (await readFile(join(collection, name, 'Dockerfile'), 'utf8')).replaceAll(/\\\s*\n/g, ' ');

/** Names of the system images in the collection: the folders whose Dockerfile copies something to /exports. */
export async function systemImages(collection: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (const path of await readdir(collection, { recursive: true })) {
    const [, name] = /^([^/]+)\/Dockerfile$/.exec(path) ?? [];
    if (name !== undefined && / \/exports\//.test(await dockerfile(collection, name))) names.push(name);
  }
  return names.sort();
}

/** Reads the recipe of one image. Its commands (packages, mostly) are passed over. */
export async function readRecipe(collection: string, name: string): Promise<Recipe> {
  const text = await dockerfile(collection, name);
  const copies = [...text.matchAll(/^(?:COPY|ADD)\s+(.+?)\s+(\S+)\s*$/gm)].flatMap(
    ([, sources = '', to = '']) =>
      sources
        .split(/\s+/)
        .map((source) => ({ source, to: /(\/|^\/usr\/bin)$/.test(to) ? join(to, basename(source)) : to })),
  );
  return {
    members: await Promise.all(
      copies.map(async ({ source, to }) => {
        const path = join(collection, name, source);
        return file(to.slice(1), await readFile(path), (await stat(path)).mode & 0o777);
      }),
    ),
    labels: Object.fromEntries(
      [...text.matchAll(/(atomic\.\w+)=["']?(\w+)/g)].map(([, label = '', value = '']) => [label, value]),
    ),
  };
}
