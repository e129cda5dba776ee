import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { KbootError, messageOf } from '../lib/errors.ts';

// Formats: https://github.com/opencontainers/image-spec (image-layout.md, manifest.md, config.md), version 1.0.

export const LAYOUT_FILE = 'oci-layout';
export const INDEX_FILE = 'index.json';
export const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
/** The only kind of layer that every machine can unpack with what it has: tar, compressed by gzip. */
export const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** The names under which tools look for an image's name: the specification's, and containerd's own. */
export const NAME_ANNOTATIONS = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'] as const;

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

const descriptor = z.object({
  mediaType: z.string(),
  digest,
  size: z.int().nonnegative(),
  annotations: z.record(z.string(), z.string()).optional(),
  platform: z.object({ architecture: z.string(), os: z.string(), variant: z.string().optional() }).optional(),
});

export type Descriptor = z.output<typeof descriptor>;

const Index = z.object({ schemaVersion: z.literal(2), manifests: z.array(descriptor) });

const Manifest = z.object({ schemaVersion: z.literal(2), config: descriptor, layers: z.array(descriptor) });

const Config = z.object({
  architecture: z.string(),
  os: z.string(),
  config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }).nullish(),
  rootfs: z.object({ type: z.literal('layers'), diff_ids: z.array(digest) }),
});

/** The file of a blob in an OCI image layout. */
export function blobPath(layout: string, blob: string): string {
  const [algorithm, hex] = blob.split(':');
  return join(layout, 'blobs', algorithm ?? '', hex ?? '');
}

/** The manifests that the layout's index lists. Throws BUNDLE_INVALID, like the readers below. */
export async function readIndex(layout: string): Promise<readonly Descriptor[]> {
  return (await readJson(join(layout, INDEX_FILE), Index)).manifests;
}

/** What an index lists that is a blob itself: the platforms of an image. */
export async function readNestedIndex(layout: string, index: string): Promise<readonly Descriptor[]> {
  return (await readJson(blobPath(layout, index), Index)).manifests;
}

/** The manifest of an image. */
export function readManifest(layout: string, manifest: string): Promise<z.output<typeof Manifest>> {
  return readJson(blobPath(layout, manifest), Manifest);
}

/** The configuration of an image: labels, and the digests of its uncompressed layers. */
export function readConfig(layout: string, config: string): Promise<z.output<typeof Config>> {
  return readJson(blobPath(layout, config), Config);
}

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw invalid(path, cause);
  }
}

function invalid(path: string, cause: unknown): KbootError {
  const why = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
  return new KbootError('BUNDLE_INVALID', `${path}: ${why}`, { cause });
}
