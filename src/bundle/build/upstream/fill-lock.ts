import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KbootError } from '../../../lib/errors.ts';
import { digestOf, measureFile } from '../../digest.ts';
import type { OnProgress } from '../progress.ts';
import { inspectRaw } from '../skopeo.ts';
import { fetchFile } from './download.ts';
import type { UpstreamLock } from './lock.ts';
import { imageAt, type Mirrors } from './mirrors.ts';
import type { UpstreamFile } from './sources.ts';

export interface FillOptions {
  readonly files: readonly UpstreamFile[];
  /** Names with tags. */
  readonly images: readonly string[];
  readonly mirrors: Mirrors;
  readonly cacheDir: string;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Pins what upstream publishes today: the SHA-256 of every file, compared with the project's own list of
 * checksums where there is one, and the digest that every image's tag has. Throws BUILD_FAILED when a file is
 * not what its project says.
 */
export async function fillLock(options: FillOptions): Promise<UpstreamLock> {
  const { files, images, mirrors, cacheDir, onProgress, signal } = options;
  await mkdir(cacheDir, { recursive: true });
  const dir = await mkdtemp(join(cacheDir, '.lock-'));
  const told = async <T>(title: string, work: () => Promise<T>): Promise<T> => {
    const startedAt = Date.now();
    onProgress({ step: title, title, state: 'start', ms: 0 });
    const result = await work();
    onProgress({ step: title, title, state: 'done', ms: Date.now() - startedAt });
    return result;
  };
  try {
    const pinned: UpstreamLock = { files: {}, images: {} };
    for (const file of files) {
      pinned.files[file.url] = await told(`Pin ${file.url}`, () => pinFile(file, mirrors, dir, signal));
    }
    for (const name of images) {
      pinned.images[name] = await told(`Pin ${name}`, () => pinImage(name, mirrors, signal));
    }
    return pinned;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function pinFile(
  { url, checksums }: UpstreamFile,
  mirrors: Mirrors,
  dir: string,
  signal?: AbortSignal,
) {
  const file = join(dir, 'file');
  await fetchFile(url, mirrors, file, signal);
  const { digest } = await measureFile(file, signal);
  const sha256 = digest.slice('sha256:'.length);
  if (checksums !== undefined) {
    const list = join(dir, 'checksums');
    await fetchFile(checksums, mirrors, list, signal);
    const published = publishedChecksum(await readFile(list, 'utf8'), url.slice(url.lastIndexOf('/') + 1));
    if (published !== sha256) {
      throw new KbootError(
        'BUILD_FAILED',
        `${url}: its SHA-256 is ${sha256}, ${checksums} says ${published ?? 'nothing'}`,
      );
    }
  }
  return sha256;
}

/** The checksum of a file in a project's list: a lone hex text, or the line that names the file. */
export function publishedChecksum(list: string, name: string): string | undefined {
  const lines = list.split('\n').map((line) => line.trim().split(/\s+/));
  const [only] = lines;
  if (only?.length === 1 && only[0] !== '') return only[0];
  return lines.find(([, file]) => file?.replace(/^\*/, '').replace(/^.*\//, '') === name)?.[0];
}

async function pinImage(name: string, mirrors: Mirrors, signal?: AbortSignal): Promise<string> {
  const { repository, insecure } = imageAt(name, mirrors);
  const tag = name.slice(name.lastIndexOf(':') + 1);
  return digestOf(await inspectRaw(`docker://${repository}:${tag}`, { insecure, signal }));
}
