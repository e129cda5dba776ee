import { appendFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { blobPath } from '../../../src/bundle/oci-layout.ts';
import { temporaryFolder } from '../../helpers/bundle.ts';
import { tagged } from '../../helpers/layout.ts';
import { member } from '../../system-container/raw-tar.ts';
import { newLayout, open } from './opening.ts';

describe('an archive of an OCI layout', () => {
  async function archived(...options: string[]) {
    const layout = await newLayout();
    const [one, two] = [await layout.image({ text: 'one' }), await layout.image({ text: 'two' })];
    await layout.writeIndex(tagged(one, 'v1'), tagged(two, 'v2'));
    const path = join(await temporaryFolder(), 'images.tar');
    await execa('tar', [...options, '-cf', path, '-C', layout.dir, '.']);
    return { layout, path, one, two, cacheDir: join(await temporaryFolder(), 'cache') };
  }

  test.each([['plain'], ['gzipped', '-z']])('%s: its blobs are kept', async (_how, ...options) => {
    const { layout, path, one, two, cacheDir } = await archived(...options);
    const image = await open(`oci-archive:${path}:v1`, { cacheDir });
    expect(image).toMatchObject({ name: `oci-archive:${path}:v1`, manifestDigest: one.digest });
    const blobs = join(cacheDir, 'images', 'blobs', 'sha256');
    expect(await readdir(blobs)).toHaveLength(3);
    expect(await readdir(join(cacheDir, 'images'))).toEqual(['archives', 'blobs']);
    await expect(open(`oci-archive:${path}:v3`, { cacheDir })).rejects.toMatchObject({
      code: 'USAGE',
      message: `Image oci-archive:${path}:v3 not found`,
      hint: 'it has v1, v2',
    });
    // Another image of the archive is kept once it is asked for.
    expect((await open(`oci-archive:${path}:v2`, { cacheDir })).manifestDigest).toBe(two.digest);
    expect(await readdir(blobs)).toEqual(await readdir(join(layout.dir, 'blobs', 'sha256')));
  });

  test('a kept blob that was damaged is taken from the archive again', async () => {
    const { path, one, cacheDir } = await archived();
    const image = await open(`oci-archive:${path}:v1`, { cacheDir });
    for (const digest of [one.digest, image.layers[0]?.digest ?? '']) {
      await appendFile(image.blobPath(digest), 'x');
      expect((await open(`oci-archive:${path}:v1`, { cacheDir })).manifestDigest).toBe(one.digest);
    }
  });

  test('a blob that is not what its name says is refused', async () => {
    const { layout, path, one, cacheDir } = await archived();
    await writeFile(blobPath(layout.dir, one.digest), 'x');
    await execa('tar', ['-cf', path, '-C', layout.dir, '.']);
    await expect(open(`oci-archive:${path}:v1`, { cacheDir })).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: `${path}: damaged: the content of blobs/sha256/${one.digest.slice(7)} has another digest`,
    });
  });

  test('nothing leaves the cache, whatever the archive says', async () => {
    const { layout, path, cacheDir } = await archived();
    const names = ['../../escaped', 'blobs/sha256/../../../../escaped', '/tmp/kboot-escaped'];
    for (const name of names)
      await execa('tar', ['-rPf', path, '-C', layout.dir, '--transform', `s|.*|${name}|`, 'oci-layout']);
    await open(`oci-archive:${path}:v1`, { cacheDir });
    expect(await readdir(join(cacheDir, '..'))).toEqual(['cache']);
    await expect(readdir('/tmp/kboot-escaped')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test.each([
    ['text', 'no archive at all '.repeat(100), 'cannot be read'],
    ['an empty file', '', 'is no archive of an OCI layout: it has no index.json'],
    [
      'an unknown compression',
      Buffer.from('28b52ffd00000000', 'hex'),
      'cannot be read: it is compressed by zstd, not by gzip',
    ],
    [
      'a size that is none',
      member({ size: Buffer.alloc(12, 0x81) }),
      'cannot be read: the size of "a" is unreadable',
    ],
    ['half an archive', member({ content: 'x' }).subarray(0, 700), 'cannot be read: Unexpected end of data'],
  ])('%s', async (_what, content, message) => {
    const path = join(await temporaryFolder(), 'x.tar');
    await writeFile(path, content);
    await expect(open(`oci-archive:${path}`, { cacheDir: await temporaryFolder() })).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining(`${path}: ${message}`),
    });
  });

  test('a file that is not there', async () => {
    await expect(open('oci-archive:/nowhere/x.tar')).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/^Image oci-archive:\/nowhere\/x\.tar not found: ENOENT/),
    });
  });
});
