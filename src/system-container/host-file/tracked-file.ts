import { z } from 'zod';
import type { HostFile } from './host-files.ts';

/** A text in a list on the machine, whose entries are separated by tabs and line breaks. */
export const listed = z.string().regex(/^[^\t\n\0]*$/);

/**
 * A host file as a deployment records it, with all that it takes to put it there again without the image: `source` is
 * a path inside the deployment, or a link's target. `kept` is one that an earlier deployment had put there and that
 * was changed since: it is left alone, and remembered.
 */
export const TrackedFileSchema = z.object({
  path: listed,
  kind: z.enum(['directory', 'copy', 'link', 'kept']),
  mode: z.int().min(0).max(0o7777).default(0o755),
  source: listed.default(''),
  /** SHA-256 of the content or of the link's target; `0` for a directory. */
  checksum: listed,
});

export type TrackedFile = Readonly<z.output<typeof TrackedFileSchema>>;

/** Folder inside a deployment with the host files that were templates, expanded. */
const EXPANDED = 'expanded';

/** How a deployment records files, and the texts that it holds for that, by their path inside it. */
export function trackFiles(files: readonly HostFile[]): {
  readonly tracked: readonly TrackedFile[];
  readonly texts: ReadonlyMap<string, string>;
} {
  const texts = new Map<string, string>();
  const tracked = files.map((file, at): TrackedFile => {
    const { path, checksum } = file;
    if (file.kind === 'directory') return { path, checksum, kind: 'directory', mode: file.mode, source: '' };
    if (file.kind === 'link') return { path, checksum, kind: 'link', mode: 0o777, source: file.target };
    if (file.kind === 'copy')
      return { path, checksum, kind: 'copy', mode: file.mode, source: `rootfs/${file.source}` };
    const source = `${EXPANDED}/${at}`;
    texts.set(source, file.text);
    return { path, checksum, kind: 'copy', mode: file.mode, source };
  });
  return { tracked, texts };
}

/**
 * What a switch does with host files, as lines `KIND MODE SOURCE ALLOWED CHECKSUM PATH` separated by tabs: first what
 * goes, children before parents, then what comes, parents first. ALLOWED is the checksum that a file in the place must
 * have to be replaced, `-` where the place must be free.
 */
export function switchLines(from: readonly TrackedFile[], to: readonly TrackedFile[], toDir: string): string {
  const before = new Map(from.map((file) => [file.path, file]));
  const after = new Map(to.map((file) => [file.path, file]));
  const removed = from
    .filter((file) => !after.has(file.path))
    .map(({ path, checksum }) => ['remove', '-', '-', '-', checksum, path])
    .toReversed();
  const put = to
    .filter(({ kind }) => kind !== 'kept')
    .map((file) => {
      const { kind, mode, path, checksum } = file;
      const allowed = before.get(path)?.checksum ?? '-';
      const source = kind === 'copy' ? `${toDir}/${file.source}` : file.source || '-';
      return [kind, mode.toString(8), source, allowed, checksum, path];
    });
  return [...removed, ...put].map((line) => `${line.join('\t')}\n`).join('');
}

/** Children before their parents, as they have to be removed: lines `CHECKSUM TAB PATH`. */
export function removalList(files: readonly { readonly path: string; readonly checksum: string }[]): string {
  return files
    .toReversed()
    .map(({ path, checksum }) => `${checksum}\t${path}\n`)
    .join('');
}
