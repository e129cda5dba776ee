import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openImage } from '../../../src/bundle/image-source/open.ts';
import { parseImageReference } from '../../../src/bundle/image-source/reference.ts';
import { imageIn } from '../../../src/bundle/image-source/with-skopeo.ts';
import { blobPath } from '../../../src/bundle/oci-layout.ts';
import { SERVER_CERT, SERVER_KEY } from '../../fixtures/server.ts';
import { temporaryFolder } from '../../helpers/bundle.ts';
import { type Descriptor, DOCKER, forPlatform, Layout, tagged } from '../../helpers/layout.ts';
import { freePort, startRegistry } from '../../helpers/registry.ts';

interface Options {
  readonly insecure?: boolean;
  readonly arch?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A layout, a registry, and a cache for what is opened. */
async function workshop(settings?: Parameters<typeof startRegistry>[1]) {
  const dir = await temporaryFolder();
  const cacheDir = join(dir, 'cache');
  const layout = await Layout.make(join(dir, 'oci'));
  const registry = await startRegistry(dir, settings);
  const open = (text: string, { insecure = true, arch = 'amd64', env = {} }: Options = {}) =>
    openImage(parseImageReference(text, dir), {
      bundle: () => Promise.reject(new Error('nobody asked for the bundle')),
      ...{ cacheDir, arch, insecure },
      env: { HOME: dir, ...env },
    });
  /** Gives back the digest that the image has in the registry. */
  const push = async (name: string, image: Descriptor, ...options: string[]) => {
    await layout.writeIndex(tagged(image, 'pushed'));
    const source = `oci:${layout.dir}:pushed`;
    const target = `docker://${registry}/${name}`;
    const digest = join(dir, 'digest');
    const common = ['--insecure-policy', 'copy', '-q', '--dest-tls-verify=false', '--digestfile', digest];
    await execa('skopeo', [...common, ...options, source, target]);
    return readFile(digest, 'utf8');
  };
  return { dir, cacheDir, layout, registry, open, push };
}

const blobsIn = (folder: string) => readdir(join(folder, 'blobs', 'sha256'));

describe('an image of a registry', () => {
  test('by tag and by digest; what is there is not fetched again', async () => {
    const { cacheDir, layout, registry, open, push } = await workshop();
    const [one, two] = [
      await layout.image({ text: 'one', labels: { a: 'b' } }),
      await layout.image({ text: 'two' }),
    ];
    await push('team/web:v1', one);
    const image = await open(`docker://${registry}/team/web:v1`);
    expect(image).toMatchObject({
      name: `docker://${registry}/team/web:v1`,
      manifestDigest: one.digest,
      labels: { a: 'b' },
    });
    expect(await blobsIn(join(cacheDir, 'images'))).toHaveLength(3);
    const layer = image.blobPath(image.layers[0]?.digest ?? '');
    const { ino } = await stat(layer);

    await push('team/web:latest', one);
    expect((await open(`docker://${registry}/team/web`)).manifestDigest).toBe(one.digest);
    expect((await stat(layer)).ino).toBe(ino);

    // A tag may move, a digest does not.
    await push('team/web:v1', two);
    expect((await open(`docker://${registry}/team/web:v1`)).manifestDigest).toBe(two.digest);
    const pinned = `docker://${registry}/team/web@${one.digest}`;
    expect(await open(pinned)).toMatchObject({ name: pinned, manifestDigest: one.digest });
    // Nothing but blobs is left.
    expect(await readdir(join(cacheDir, 'images'))).toEqual(['blobs']);

    // What was damaged or deleted since then comes anew.
    await writeFile(layer, 'damaged');
    expect((await open(pinned)).manifestDigest).toBe(one.digest);
    await rm(layer);
    expect((await open(pinned)).manifestDigest).toBe(one.digest);
  });

  test('what is pinned and there needs no registry, nor skopeo', async () => {
    const { layout, registry, open, push } = await workshop();
    const image = await layout.image();
    await push('web:v1', image);
    const pinned = `docker://${registry}/web@${image.digest}`;
    await open(pinned);
    expect((await open(pinned, { env: { PATH: '/nowhere' } })).manifestDigest).toBe(image.digest);
  });

  test('in the format of Docker: the identity is the digest in the registry', async () => {
    const { layout, registry, open, push } = await workshop();
    const digest = await push('web:v1', await layout.image(), '--format', 'v2s2');
    const opened = await open(`docker://${registry}/web:v1`);
    expect(opened.manifestDigest).toBe(digest);
    expect(await readFile(opened.blobPath(digest), 'utf8')).toContain(DOCKER.manifest);
    expect(opened.layers).toHaveLength(1);
  });

  test('for several platforms', async () => {
    const { layout, registry, open, push } = await workshop();
    const [amd64, arm64] = [await layout.image({ arch: 'amd64' }), await layout.image({ arch: 'arm64' })];
    const list = await layout.list([forPlatform(amd64, 'amd64'), forPlatform(arm64, 'arm64')]);
    await push('web:v1', list, '--all');
    for (const text of [`docker://${registry}/web:v1`, `docker://${registry}/web@${list.digest}`]) {
      expect((await open(text)).manifestDigest).toBe(amd64.digest);
      expect((await open(text, { arch: 'arm64' })).manifestDigest).toBe(arm64.digest);
      await expect(open(text, { arch: 'riscv64' })).rejects.toThrow(
        'has nothing for linux/riscv64, only linux/amd64, linux/arm64',
      );
    }
  });

  test('a kind of layer that machines cannot unpack is refused before it is fetched', async () => {
    const { cacheDir, layout, registry, open, push } = await workshop();
    await push(
      'web:v1',
      await layout.image({ types: { layer: 'application/vnd.oci.image.layer.v1.tar+zstd' } }),
      '--preserve-digests',
    );
    await expect(open(`docker://${registry}/web:v1`)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
    expect(await blobsIn(join(cacheDir, 'images'))).toEqual([]);
  });

  test('not found', async () => {
    const { layout, registry, open, push } = await workshop();
    await push('web:v1', await layout.image());
    await expect(open(`docker://${registry}/web:v2`)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(
        /^Image docker:\/\/\S+\/web:v2 not found: exit code 1: skopeo .* inspect --raw .*\n.*manifest unknown/,
      ),
      hint: `check its name and its tag: skopeo list-tags docker://${registry}/web`,
    });
    const digest = `sha256:${'0'.repeat(64)}`;
    await expect(open(`docker://${registry}/web@${digest}`)).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('TLS is wanted unless it is refused', async () => {
    const { dir, layout, registry, open, push } = await workshop();
    await push('web:v1', await layout.image());
    await expect(open(`docker://${registry}/web:v1`, { insecure: false })).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringContaining(`docker://${registry}/web:v1: the registry does not speak TLS`),
      hint: expect.stringContaining('--insecure-registry'),
    });
    await writeFile(join(dir, 'cert.pem'), SERVER_CERT);
    await writeFile(join(dir, 'key.pem'), SERVER_KEY);
    const tls = { certificate: join(dir, 'cert.pem'), key: join(dir, 'key.pem') };
    const secure = await workshop({ http: { tls } });
    await expect(
      secure.open(`docker://${secure.registry}/web:v1`, { insecure: false }),
    ).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringContaining("the registry's certificate is not trusted"),
      hint: expect.stringContaining(`/etc/containers/certs.d/${secure.registry}/ca.crt`),
    });
  });

  test('a login is needed, and used', async () => {
    const passwords = join(await temporaryFolder(), 'passwords');
    // The password is `U*U`.
    await writeFile(passwords, 'user:$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n');
    const { dir, layout, registry, open, push } = await workshop({
      auth: { htpasswd: { realm: 'test', path: passwords } },
    });
    const image = await layout.image();
    await push('web:v1', image, '--dest-creds', 'user:U*U');
    await expect(open(`docker://${registry}/web:v1`)).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringContaining('the registry does not let you read it'),
      hint: `log in: skopeo login ${registry}`,
    });
    await mkdir(join(dir, '.docker'));
    const auth = Buffer.from('user:U*U').toString('base64');
    await writeFile(join(dir, '.docker', 'config.json'), JSON.stringify({ auths: { [registry]: { auth } } }));
    expect((await open(`docker://${registry}/web:v1`)).manifestDigest).toBe(image.digest);
  });

  test('a registry that is down', async () => {
    const { open } = await workshop();
    const nobody = `127.0.0.1:${await freePort()}`;
    await expect(open(`docker://${nobody}/web:v1`)).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: expect.stringContaining(`docker://${nobody}/web:v1: the registry does not answer`),
    });
  });

  test('a registry that gives something else than it was asked for', async () => {
    const { layout, open } = await workshop();
    const image = await layout.image();
    const liar = createServer((request, response) => {
      const type = { 'content-type': image.mediaType };
      response.writeHead(200, request.url?.includes('manifests') ? type : {}).end('{"schemaVersion":2}');
    });
    await new Promise<void>((resolve) => liar.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => liar.close(() => resolve())));
    const address = `127.0.0.1:${(liar.address() as AddressInfo).port}`;
    await expect(open(`docker://${address}/web@${image.digest}`)).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining(`asked for ${image.digest}, the registry gave sha256:`),
    });
    await expect(open(`docker://${address}/web:v1`)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
  });

  test('skopeo is missing', async () => {
    const { registry, open } = await workshop();
    await expect(open(`docker://${registry}/web`, { env: { PATH: '/nowhere' } })).rejects.toMatchObject({
      code: 'MISSING_REQUIREMENT',
      message: 'copying an image needs a program that is not here: skopeo',
      hint: 'apt-get update && apt-get install --yes --no-install-recommends skopeo',
    });
  });

  test('Ctrl-C ends it', async () => {
    const { dir, registry } = await workshop();
    const reason = new Error('stopped');
    const options = { bundle: () => Promise.reject(reason), cacheDir: dir, arch: 'amd64', env: {} };
    const reference = parseImageReference(`docker://${registry}/web`, '/');
    await expect(openImage(reference, { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
  });
});

describe('an archive of docker save', () => {
  test('by its tag, its name, or alone: the layers are the plain ones of the archive', async () => {
    const { dir, cacheDir, layout, open } = await workshop();
    const image = await layout.image({ labels: { a: 'b' } });
    await layout.writeIndex(tagged(image, 'v1'));
    const path = join(dir, 'image.tar');
    const from = `oci:${layout.dir}:v1`;
    await execa('skopeo', [
      '--insecure-policy',
      'copy',
      '-q',
      from,
      `docker-archive:${path}:example.com/web:v1`,
    ]);
    const opened = await open(`docker-archive:${path}`);
    expect(opened).toMatchObject({ name: `docker-archive:${path}`, labels: { a: 'b' } });
    for (const tag of ['v1', 'web:v1', 'example.com/web:v1']) {
      expect((await open(`docker-archive:${path}:${tag}`)).manifestDigest).toBe(opened.manifestDigest);
    }
    const { stdout } = await execa('tar', ['-tf', opened.blobPath(opened.layers[0]?.digest ?? '')]);
    expect(stdout).toBe('file');
    expect(blobPath(join(cacheDir, 'images'), opened.manifestDigest)).toBe(
      opened.blobPath(opened.manifestDigest),
    );
    await expect(open(`docker-archive:${path}:v2`)).rejects.toMatchObject({
      code: 'USAGE',
      message: `Image docker-archive:${path}:v2 not found`,
      hint: 'it has example.com/web:v1',
    });

    await execa('skopeo', ['--insecure-policy', 'copy', '-q', from, `docker-archive:${path}.nameless`]);
    expect((await open(`docker-archive:${path}.nameless`)).manifestDigest).toBe(opened.manifestDigest);
  });

  test.each([
    ['not there', undefined, 'USAGE', /not found/],
    [
      'no archive',
      'text',
      'IMAGE_INVALID',
      /: cannot be read: exit code 1: skopeo .*\nloading tar component/,
    ],
  ])('%s', async (_what, content, code, message) => {
    const { dir, open } = await workshop();
    const path = join(dir, 'x.tar');
    if (content !== undefined) await writeFile(path, content);
    await expect(open(`docker-archive:${path}`)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  test.each([
    [['a:1', 'b:1'], undefined, 'x: has several images: name one'],
    [['a:1', 'b:1'], '1', 'x: has several images: name one'],
    [['a:1', 'b:1'], 'a:1', 'a:1'],
    [['docker.io/library/a:1', 'b:1'], 'library/a:1', 'docker.io/library/a:1'],
    [['a:1', 'b:2'], '2', 'b:2'],
    [['a:1', 'b:2'], ':2', 'Image x not found'],
    [['a:1', 'b:2'], '3', 'Image x not found'],
  ])('of %j, %s is %s', (images, tag, expected) => {
    const found = () => imageIn(images, tag, 'x');
    if (images.includes(expected)) expect(found()).toBe(expected);
    else expect(found).toThrow(expected);
  });
});
