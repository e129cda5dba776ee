// Another build of a bundle's system images: the same layers, and one more with a note. For what updates are tried and
// measured with.
import { createHash } from 'node:crypto';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

const TYPES = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

const digestOf = (content) => `sha256:${createHash('sha256').update(content).digest('hex')}`;

/** A layer with these files, by path and text. */
async function layerOf(files) {
  const archive = pack();
  for (const [name, text] of Object.entries(files)) archive.entry({ name, mtime: new Date(0) }, text);
  archive.finalize();
  const chunks = [];
  for await (const chunk of archive) chunks.push(chunk);
  const tar = Buffer.concat(chunks);
  return { diffId: digestOf(tar), blob: gzipSync(tar) };
}

/**
 * Writes an OCI layout into `folder` with the image of that name (`kubelet`), and `files` on top of it. Returns how
 * kboot is told of it: `oci:DIR:NAME`.
 */
export async function otherBuild(bundle, name, folder, files = { 'etc/kboot-build': 'another build\n' }) {
  const image = bundle.lock.images.find((candidate) => candidate.name.startsWith(`kboot/${name}:`));
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
  const place = (digest) => join(folder, 'blobs', 'sha256', digest.slice('sha256:'.length));
  const put = async (mediaType, content) => {
    const digest = digestOf(content);
    await writeFile(place(digest), content);
    return { mediaType, digest, size: Buffer.byteLength(content) };
  };
  for (const { digest } of image.layers) await symlink(bundle.blobPath(digest), place(digest));
  const config = JSON.parse(await readFile(bundle.blobPath(image.config.digest), 'utf8'));
  const { diffId, blob } = await layerOf(files);
  config.rootfs.diff_ids.push(diffId);
  const manifest = {
    schemaVersion: 2,
    mediaType: TYPES.manifest,
    config: await put(TYPES.config, JSON.stringify(config)),
    layers: [
      ...image.layers.map(({ digest, size }) => ({ mediaType: TYPES.layer, digest, size })),
      await put(TYPES.layer, blob),
    ],
  };
  const entry = await put(TYPES.manifest, JSON.stringify(manifest));
  const annotations = { 'org.opencontainers.image.ref.name': name };
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(
    join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...entry, annotations }] }),
  );
  return `oci:${folder}:${name}`;
}
