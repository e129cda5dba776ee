import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { digestOf } from '../../src/bundle/digest.ts';
import { blobPath } from '../../src/bundle/oci-layout.ts';
import { file, type Member, makeLayer, type TestLayer } from '../system-container/make-image.ts';

const OCI = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

export const DOCKER: typeof OCI = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

interface ImageParts {
  /** Layers beneath the only one that is made for it. */
  readonly base?: readonly TestLayer[];
  /** One file in its only layer. */
  readonly text?: string;
  /** What its only layer holds instead. */
  readonly members?: readonly Member[];
  readonly arch?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly types?: Partial<typeof OCI>;
}

/** An OCI layout in a folder, to which a test adds what it needs. */
export class Layout {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async make(dir: string): Promise<Layout> {
    await mkdir(join(dir, 'blobs', 'sha256'), { recursive: true });
    await writeFile(join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    return new Layout(dir);
  }

  async put(mediaType: string, content: Buffer | string): Promise<Descriptor> {
    const blob = { mediaType, digest: digestOf(content), size: Buffer.byteLength(content) };
    await writeFile(blobPath(this.dir, blob.digest), content);
    return blob;
  }

  putJson(mediaType: string, value: object): Promise<Descriptor> {
    return this.put(mediaType, JSON.stringify(value));
  }

  /** Adds an image and returns the descriptor of its manifest. */
  async image({
    base = [],
    text = 'x',
    members = [file('file', text)],
    arch = 'amd64',
    labels,
    types = {},
  }: ImageParts = {}): Promise<Descriptor> {
    const { manifest, config, layer } = { ...OCI, ...types };
    const blobs = [...base, await makeLayer(members)].map(({ blob }) => blob);
    const configuration = await this.putJson(config, {
      architecture: arch,
      os: 'linux',
      ...(labels && { config: { Labels: labels } }),
      rootfs: { type: 'layers', diff_ids: blobs.map((blob) => digestOf(gunzipSync(blob))) },
    });
    const isPacked = /gzip|foreign|encrypted/.test(layer);
    const layers = await Promise.all(
      blobs.map((blob) => this.put(layer, isPacked ? blob : gunzipSync(blob))),
    );
    return this.putJson(manifest, { schemaVersion: 2, mediaType: manifest, config: configuration, layers });
  }

  /** Adds a list of platforms. */
  async list(images: readonly Descriptor[], mediaType = OCI.index): Promise<Descriptor> {
    return this.putJson(mediaType, { schemaVersion: 2, mediaType, manifests: images });
  }

  async writeIndex(...manifests: readonly Descriptor[]): Promise<void> {
    await writeFile(join(this.dir, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  }
}

export const tagged = (image: Descriptor, tag: string): Descriptor => ({
  ...image,
  annotations: { 'org.opencontainers.image.ref.name': tag },
});

export const forPlatform = (image: Descriptor, architecture: string, variant?: string): Descriptor => ({
  ...image,
  platform: { os: 'linux', architecture, ...(variant !== undefined && { variant }) },
});
