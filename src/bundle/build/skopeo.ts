import { ExecaError } from 'execa';
import { installCommand } from '../../lib/debian-packages.ts';
import { KbootError } from '../../lib/errors.ts';
import { run } from './run.ts';

/** What every call of skopeo needs. */
export interface SkopeoOptions {
  /** Does without TLS, or without checking its certificate. */
  readonly insecure?: boolean;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CopyOptions extends SkopeoOptions {
  /** Of a list of platforms, the one that is copied is for linux and this architecture. */
  readonly arch: string;
  /** Leaves the manifest, and so its digest, and the compression of layers as they are. */
  readonly preserveDigests?: boolean;
  /** Makes an OCI image of one in Docker's format. */
  readonly toOci?: boolean;
  /** For what is pinned by digest: a policy of signatures has nothing to add. */
  readonly ignorePolicy?: boolean;
  /** Folder with a `sha256` of blobs: those that are there are not copied, new ones go there. */
  readonly sharedBlobs?: string;
}

/** A registry that accepts connections and says nothing would hold up a question for ever. */
const ASK_LIMIT = '120s';

/** The manifest, or the list of platforms, that a reference leads to, byte for byte. */
export function inspectRaw(
  source: string,
  { insecure = false, env, signal }: SkopeoOptions,
): Promise<string> {
  const tls = insecure ? ['--tls-verify=false'] : [];
  const argv = [`--command-timeout=${ASK_LIMIT}`, 'inspect', '--raw', ...tls, source];
  return skopeo(argv, { env, signal });
}

/** The names of the images in an archive of `docker save`; `@0` for one that has none. */
export async function listArchive(
  source: string,
  { env, signal }: SkopeoOptions,
): Promise<readonly string[]> {
  const { Tags: tags } = JSON.parse(await skopeo(['list-tags', source], { env, signal }));
  return tags;
}

/** Copies an image into a new OCI layout. */
export async function copyToLayout(source: string, layout: string, options: CopyOptions): Promise<void> {
  const { arch, insecure = false, preserveDigests, toOci, ignorePolicy, sharedBlobs, env, signal } = options;
  const argv = [
    ...(ignorePolicy ? ['--insecure-policy'] : []),
    ...['--override-os', 'linux', '--override-arch', arch, 'copy', '-q'],
    ...(preserveDigests ? ['--preserve-digests'] : []),
    ...(toOci ? ['--format', 'oci'] : []),
    ...(insecure ? ['--src-tls-verify=false'] : []),
    ...(sharedBlobs === undefined ? [] : ['--dest-shared-blob-dir', sharedBlobs]),
    ...[source, `oci:${layout}:image`],
  ];
  await skopeo(argv, { env, signal });
}

/** Throws what run() throws, and MISSING_REQUIREMENT when there is no skopeo. */
async function skopeo(
  args: readonly string[],
  { env, signal }: Pick<SkopeoOptions, 'env' | 'signal'>,
): Promise<string> {
  try {
    // A manifest is what its bytes are, the last line break included.
    return await run(['skopeo', ...args], { signal, stripFinalNewline: false, ...(env && { env }) });
  } catch (error) {
    const cause = error instanceof KbootError ? error.cause : undefined;
    if (!(cause instanceof ExecaError) || cause.code !== 'ENOENT') throw error;
    throw new KbootError('MISSING_REQUIREMENT', 'copying an image needs a program that is not here: skopeo', {
      cause,
      hint: installCommand(['skopeo']),
    });
  }
}
