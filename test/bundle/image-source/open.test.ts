import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blobPath } from '../../../src/bundle/oci-layout.ts';
import { smallBundle } from '../../helpers/bundle.ts';
import { type Descriptor, DOCKER, forPlatform, type Layout, tagged } from '../../helpers/layout.ts';
import { newLayout, open } from './opening.ts';

describe('an image of the bundle', () => {
  test.each([
    ['kubelet', 'kboot/kubelet:latest'],
    ['kubelet:v1.37.2', 'kboot/kubelet:v1.37.2'],
    ['kboot/kubelet', 'kboot/kubelet:latest'],
    ['kboot/kubelet:v1.37.2', 'kboot/kubelet:v1.37.2'],
    ['kube-apiserver', 'registry.k8s.io/kube-apiserver:latest'],
    ['registry.k8s.io/kube-apiserver:v1.37.2', 'registry.k8s.io/kube-apiserver:v1.37.2'],
  ])('%s is %s', async (text, name) => {
    const bundle = await smallBundle();
    const image = await open(text, { bundle });
    const entry = bundle.lock.images.find(
      (candidate) => candidate.name === name.replace(/latest$/, 'v1.37.2'),
    );
    expect(image).toMatchObject({
      name,
      manifestDigest: entry?.manifest.digest,
      layers: entry?.layers.map(({ digest, size }) => ({ digest, size })),
      labels: {},
    });
    expect(image.blobPath(image.manifestDigest)).toBe(bundle.blobPath(image.manifestDigest));
    // What is recorded leads to the same image again.
    expect((await open(image.name, { bundle })).manifestDigest).toBe(image.manifestDigest);
  });

  test.each([
    ['etcd', 'Image etcd:latest not found', 'the bundle has kboot/kubelet:v1.37.2, registry.k8s.io/'],
    ['kubelet:v1', 'Image kubelet:v1 not found', 'the bundle has kboot/kubelet:v1.37.2; from'],
    ['let', 'Image let:latest not found', 'the bundle has'],
    [`kubelet@sha256:${'0'.repeat(64)}`, 'not found', 'the bundle has kboot/kubelet:v1.37.2; from'],
  ])('%s is not there', async (text, message, hint) => {
    await expect(open(text, { bundle: await smallBundle() })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
  });

  test('by its digest', async () => {
    const bundle = await smallBundle();
    const { manifestDigest } = await open('kubelet', { bundle });
    expect(await open(`kubelet@${manifestDigest}`, { bundle })).toMatchObject({
      name: `kboot/kubelet@${manifestDigest}`,
      manifestDigest,
    });
  });

  test('a damaged blob is named', async () => {
    const bundle = await smallBundle();
    const { layers } = await open('kubelet', { bundle });
    const path = bundle.blobPath(layers[1]?.digest ?? '');
    await appendFile(path, 'x');
    await expect(open('kubelet', { bundle })).rejects.toMatchObject({
      code: 'BUNDLE_INVALID',
      message: expect.stringMatching(new RegExp(`^${path}: expected \\d+ bytes, found \\d+$`)),
    });
  });
});

describe('an OCI layout', () => {
  test('is read where it is: one image needs no tag', async () => {
    const layout = await newLayout();
    const only = await layout.image({ labels: { 'atomic.type': 'system' } });
    await layout.writeIndex(tagged(only, 'v1'));
    const image = await open(`oci:${layout.dir}`);
    expect(image).toMatchObject({
      name: `oci:${layout.dir}`,
      manifestDigest: only.digest,
      labels: { 'atomic.type': 'system' },
    });
    expect(image.blobPath(only.digest)).toBe(blobPath(layout.dir, only.digest));
    expect((await open(`oci:${layout.dir}:v1`)).name).toBe(`oci:${layout.dir}:v1`);
  });

  test('with several images needs a tag, unless one is the latest', async () => {
    const layout = await newLayout();
    const [one, two] = [await layout.image({ text: 'one' }), await layout.image({ text: 'two' })];
    await layout.writeIndex(tagged(one, 'v1'), tagged(two, 'kboot/web:v2'));
    await expect(open(`oci:${layout.dir}`)).rejects.toMatchObject({
      code: 'USAGE',
      message: `oci:${layout.dir}: has several images: add the tag of one, oci:${layout.dir}:TAG`,
      hint: 'it has kboot/web:v2, v1',
    });
    await expect(open(`oci:${layout.dir}:v3`)).rejects.toMatchObject({
      code: 'USAGE',
      message: `Image oci:${layout.dir}:v3 not found`,
      hint: 'it has kboot/web:v2, v1',
    });
    expect((await open(`oci:${layout.dir}:kboot/web:v2`)).manifestDigest).toBe(two.digest);
    await layout.writeIndex(tagged(one, 'v1'), tagged(two, 'latest'));
    expect((await open(`oci:${layout.dir}`)).manifestDigest).toBe(two.digest);
  });

  test.each<[string, (l: Layout) => Promise<readonly Descriptor[]>]>([
    ['in the index', async (layout) => platforms(layout)],
    ['in a list', async (layout) => [tagged(await layout.list(await platforms(layout)), 'v1')]],
    [
      'in a list of lists',
      async (layout) => [await layout.list([await layout.list(await platforms(layout))])],
    ],
    [
      'in a list as Docker has it',
      async (layout) => [await layout.list(await platforms(layout), DOCKER.index)],
    ],
  ])('the platform is chosen: %s', async (_where, make) => {
    const layout = await newLayout();
    await layout.writeIndex(...(await make(layout)));
    const images = await Promise.all(['amd64', 'arm64'].map((arch) => open(`oci:${layout.dir}`, { arch })));
    const [amd64, arm64] = await platforms(layout);
    expect(images.map(({ manifestDigest }) => manifestDigest)).toEqual([amd64?.digest, arm64?.digest]);
    await expect(open(`oci:${layout.dir}`, { arch: 'riscv64' })).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: `oci:${layout.dir}: has nothing for linux/riscv64, only linux/amd64, linux/arm64, linux/amd64`,
    });
  });

  async function platforms(layout: Layout): Promise<readonly Descriptor[]> {
    const attestation = await layout.image({ text: 'attestation' });
    return [
      forPlatform(await layout.image({ arch: 'amd64' }), 'amd64'),
      forPlatform(await layout.image({ arch: 'arm64' }), 'arm64', 'v8'),
      forPlatform(await layout.image({ arch: 'amd64', text: 'newest processors' }), 'amd64', 'v3'),
      { ...attestation, platform: { os: 'unknown', architecture: 'unknown' } },
    ];
  }

  test('lists without an end are given up', async () => {
    const layout = await newLayout();
    let list = await layout.list([]);
    for (let depth = 0; depth < 5; depth++) list = await layout.list([list]);
    await layout.writeIndex(list);
    await expect(open(`oci:${layout.dir}`)).rejects.toThrow('lists of platforms without an end');
  });

  test('an image for another machine is refused', async () => {
    const layout = await newLayout();
    await layout.writeIndex(await layout.image({ arch: 'arm64' }));
    await expect(open(`oci:${layout.dir}`)).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: `oci:${layout.dir}: is for linux/arm64, the machine is linux/amd64`,
    });
  });

  test.each([
    [DOCKER.layer],
    ['application/vnd.docker.image.rootfs.diff.tar'],
    ['application/vnd.oci.image.layer.v1.tar'],
  ])('a layer of type %s is taken', async (layer) => {
    const layout = await newLayout();
    await layout.writeIndex(await layout.image({ types: { ...DOCKER, layer } }));
    expect((await open(`oci:${layout.dir}`)).layers).toHaveLength(1);
  });

  test.each([
    ['application/vnd.oci.image.layer.v1.tar+zstd', 'machines unpack tar and gzip only'],
    ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', 'is not part of the image'],
    ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'is not part of the image'],
    ['application/vnd.oci.image.layer.v1.tar+gzip+encrypted', 'decrypt the image first'],
  ])('a layer of type %s is refused', async (layer, hint) => {
    const layout = await newLayout();
    await layout.writeIndex(await layout.image({ types: { layer } }));
    await expect(open(`oci:${layout.dir}`)).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: `oci:${layout.dir}: has a layer of type ${layer}`,
      hint: expect.stringContaining(hint),
    });
  });

  test('what is no container image is refused', async () => {
    const layout = await newLayout();
    await layout.writeIndex(
      await layout.image({ types: { config: 'application/vnd.cncf.helm.config.v1+json' } }),
    );
    await expect(open(`oci:${layout.dir}`)).rejects.toThrow(
      'is no container image but application/vnd.cncf.helm',
    );
  });

  test('each damaged, missing or wrong blob is named', async () => {
    const layout = await newLayout();
    const image = await layout.image();
    await layout.writeIndex(image);
    const { layers } = await open(`oci:${layout.dir}`);
    const layer = blobPath(layout.dir, layers[0]?.digest ?? '');
    const refusal = (message: string) => ({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining(`oci:${layout.dir}: ${message}`),
    });
    await writeFile(layer, Buffer.alloc(layers[0]?.size ?? 0));
    await expect(open(`oci:${layout.dir}`)).rejects.toMatchObject(
      refusal(`${layer}: expected ${layers[0]?.digest}`),
    );
    await rm(layer);
    await expect(open(`oci:${layout.dir}`)).rejects.toMatchObject(refusal(`${layer}: the blob is missing`));
    const manifest = blobPath(layout.dir, image.digest);
    await appendFile(manifest, ' ');
    await expect(open(`oci:${layout.dir}`)).rejects.toMatchObject(
      refusal(`${manifest}: expected ${image.digest}`),
    );
  });

  test.each([
    ['no folder', undefined, 'ENOENT'],
    ['an index that is none', '{}', 'manifests'],
    [
      'an index with a digest that is a path',
      '{"schemaVersion":2,"manifests":[{"mediaType":"","digest":"sha256:../../x","size":1}]}',
      'digest',
    ],
    ['an empty index', '{"schemaVersion":2,"manifests":[]}', 'has no image'],
  ])('%s', async (_what, index, message) => {
    const layout = await newLayout();
    if (index !== undefined) await writeFile(join(layout.dir, 'index.json'), index);
    await expect(open(`oci:${layout.dir}`)).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining(message),
    });
  });
});
