import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { onTestFinished } from 'vitest';
import { assembleBundle } from '../../src/bundle/build/assemble.ts';
import type { BuiltImage } from '../../src/bundle/build/image-step.ts';
import { digestOf } from '../../src/bundle/digest.ts';
import type { BundleImage } from '../../src/bundle/lock.ts';
import { blobPath, LAYER_TYPE, MANIFEST_TYPE } from '../../src/bundle/oci-layout.ts';
import type { Bundle } from '../../src/bundle/open.ts';

/** A folder that goes when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'kboot-test-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

type Identity = Pick<BundleImage, 'name' | 'kind' | 'roles'>;

/** An image in an OCI layout below `dir`; each layer is one file with that text. */
export async function writeImage(
  dir: string,
  image: Identity,
  texts: readonly string[],
): Promise<BuiltImage> {
  const layout = join(dir, image.name.replace(/[/:]/g, '_'));
  await mkdir(join(layout, 'blobs', 'sha256'), { recursive: true });
  const store = async (data: Buffer) => {
    const blob = { digest: digestOf(data), size: data.length };
    await writeFile(blobPath(layout, blob.digest), data);
    return blob;
  };
  const layers = await Promise.all(
    texts.map(async (text) => {
      const tar = await tarWith(text);
      return { ...(await store(gzipSync(tar))), diffId: digestOf(tar), unpackedSize: tar.length };
    }),
  );
  const json = (value: unknown) => store(Buffer.from(JSON.stringify(value)));
  const config = await json({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const manifest = await json({
    schemaVersion: 2,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: layers.map(({ digest, size }) => ({ mediaType: LAYER_TYPE, digest, size })),
  });
  await writeFile(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: MANIFEST_TYPE, ...manifest }] }),
  );
  return { layout, entry: { ...image, manifest, config, layers } };
}

async function tarWith(text: string): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: 'file', mtime: new Date(0) }, text);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export const MANIFEST_TEXT = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: kube-flannel }\n';

/** Whole images of a small cluster: `shared` is a layer of a system image and of a pod image. */
export async function smallImages(dir: string): Promise<BuiltImage[]> {
  return [
    await writeImage(dir, { name: 'kboot/kubelet:v1.37.2', kind: 'system', roles: ['master', 'node'] }, [
      'shared',
      'kubelet',
    ]),
    await writeImage(
      dir,
      { name: 'registry.k8s.io/kube-apiserver:v1.37.2', kind: 'pod', roles: ['master'] },
      ['apiserver'],
    ),
    await writeImage(
      dir,
      { name: 'registry.k8s.io/kube-proxy:v1.37.2', kind: 'pod', roles: ['master', 'node'] },
      ['shared'],
    ),
  ];
}

/** A whole bundle of a few small blobs, in a folder that goes when the test ends. */
export async function smallBundle(): Promise<Bundle> {
  const dir = await temporaryFolder();
  const images = await smallImages(dir);
  return assembleSmall(dir, images);
}

/** Assembles images that stand in `dir` into `dir/bundle`. */
export async function assembleSmall(dir: string, images: readonly BuiltImage[]): Promise<Bundle> {
  const path = join(dir, 'kube-flannel.yml');
  await writeFile(path, MANIFEST_TEXT);
  const lock = {
    name: 'flannel',
    version: 'v0.28.10',
    module: 'example.com/flannel',
    path: 'kube-flannel.yml',
    url: 'https://example.com/kube-flannel.yml',
    sha256: digestOf(MANIFEST_TEXT).slice('sha256:'.length),
    images: [],
  };
  const identity = {
    kubernetes: 'v1.37.2',
    arch: 'amd64',
    source: 'modules',
    versions: { etcd: 'v3.7.3', 'debian/iptables': '1.8.9-2' },
  } as const;
  return assembleBundle({ identity, images, manifests: [{ lock, path }] }, join(dir, 'bundle'));
}
