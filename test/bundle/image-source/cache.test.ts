import { randomBytes } from 'node:crypto';
import { access, mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { DEFAULT_ROOM, type Room } from '../../../src/bundle/image-source/cache-room.ts';
import { openImage } from '../../../src/bundle/image-source/open.ts';
import { parseImageReference } from '../../../src/bundle/image-source/reference.ts';
import { readImage } from '../../../src/phases/containers/image.ts';
import { temporaryFolder } from '../../helpers/bundle.ts';
import { type Descriptor, Layout, tagged } from '../../helpers/layout.ts';
import { file, type Member } from '../../system-container/make-image.ts';

const MB = 1_000_000;
const DAY = 24 * 60 * 60 * 1000;

/** A layout to put into archives, and a cache for what is opened. */
async function workshop() {
  const dir = await temporaryFolder();
  const cacheDir = join(dir, 'cache');
  const layout = await Layout.make(join(dir, 'oci'));
  const open = (text: string, room?: Partial<Room>) =>
    openImage(parseImageReference(text, dir), {
      bundle: () => Promise.reject(new Error('nobody asked for the bundle')),
      ...{ cacheDir, arch: 'amd64', env: {} },
      room: { ...DEFAULT_ROOM, free: async () => 1000 * MB, ...room },
    });
  /** An archive of all that is in the layout, gzipped. */
  const archive = async (...images: readonly Descriptor[]) => {
    await layout.writeIndex(...images);
    const path = join(dir, 'image.tar.gz');
    await execa('tar', ['-czf', path, '-C', layout.dir, '.']);
    return path;
  };
  /** Every file of the cache. */
  const kept = async () => {
    const found = await readdir(cacheDir, { recursive: true, withFileTypes: true }).catch(() => []);
    return found.filter((entry) => entry.isFile()).map(({ name }) => name);
  };
  return { dir, cacheDir, layout, open, archive, kept };
}

const EXPORTS: readonly Member[] = [file('exports/config.json', '{}'), file('exports/manifest.json', '{}')];

describe('a refused image leaves nothing in the cache', () => {
  test.each<[string, Parameters<Layout['image']>[0]]>([
    ['for another machine', { arch: 'arm64' }],
    ['of a kind of layer that machines cannot unpack', { types: { layer: 'x/tar+zstd' } }],
  ])('%s', async (_why, parts) => {
    const { layout, archive, open, kept } = await workshop();
    await layout.put('x', 'a blob of no image');
    const path = await archive(await layout.image(parts));
    await expect(open(`oci-archive:${path}`)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
    expect(await kept()).toEqual([]);
  });

  test('with a layer that reaches out: neither blobs nor scans', async () => {
    const { cacheDir, layout, archive, open, kept } = await workshop();
    const path = await archive(await layout.image({ members: [file('../../etc/passwd', '')] }));
    const source = await open(`oci-archive:${path}`);
    await expect(readImage(source, cacheDir)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
    expect(await kept()).toEqual([]);
  });

  test('what a good image had brought before stays', async () => {
    const { cacheDir, layout, archive, open, kept } = await workshop();
    const good = await layout.image({ members: EXPORTS });
    const bad = await layout.image({ members: [...EXPORTS, file('../x', '')] });
    const path = await archive(tagged(good, 'good'), tagged(bad, 'bad'));
    await readImage(await open(`oci-archive:${path}:good`), cacheDir);
    const before = await kept();
    const source = await open(`oci-archive:${path}:bad`);
    await expect(readImage(source, cacheDir)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
    expect(await kept()).toEqual(before);
    expect((await open(`oci-archive:${path}:good`)).manifestDigest).toBe(good.digest);
  });
});

describe('an archive that unpacks to very much', () => {
  test('is kept without what belongs to no image', async () => {
    const { layout, archive, open, kept } = await workshop();
    await layout.put('x', Buffer.alloc(8 * MB));
    await open(`oci-archive:${await archive(await layout.image())}`);
    // Manifest, configuration, layer, index.
    expect(await kept()).toHaveLength(4);
  });

  test.each(['oci-archive', 'docker-archive'])('%s: more than one image may take', async (transport) => {
    const { layout, archive, open, kept } = await workshop();
    await layout.put('x', Buffer.alloc(8 * MB));
    const path = await archive(await layout.image());
    expect((await stat(path)).size).toBeLessThan(MB);
    await expect(open(`${transport}:${path}`, { limit: 4 * MB })).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: `${transport}:${path}: unpacks to more than the 4.0 MB that kboot keeps of images`,
      hint: expect.stringContaining('make a smaller image'),
    });
    expect(await kept()).toEqual([]);
  });

  test.each(['oci-archive', 'docker-archive'])('%s: more than is free', async (transport) => {
    const { cacheDir, layout, archive, open, kept } = await workshop();
    await layout.put('x', Buffer.alloc(8 * MB));
    const path = await archive(await layout.image());
    await expect(open(`${transport}:${path}`, { free: async () => 4 * MB })).rejects.toMatchObject({
      code: 'MISSING_REQUIREMENT',
      message: expect.stringMatching(
        new RegExp(
          `^${transport}:\\S+: ${join(cacheDir, 'images')} has 4.0 MB to spare, 8.\\d MB are needed$`,
        ),
      ),
      hint: 'free some space there, or name another folder: XDG_CACHE_HOME',
    });
    expect(await kept()).toEqual([]);
  });

  test('one that is compressed in a way whose end cannot be seen', async () => {
    const { dir, open } = await workshop();
    const path = join(dir, 'x.tar.xz');
    await writeFile(path, Buffer.from('fd377a585a0000', 'hex'));
    await expect(open(`docker-archive:${path}`)).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: `${path}: cannot be read: it is compressed by xz, not by gzip`,
    });
  });
});

describe('the cache does not grow without end', () => {
  /** Opens three images one after the other, 1.5 MB each, and ages each; tells which of them are kept. */
  async function three(roomOf: (taken: () => Promise<number>) => Partial<Room>, ages: readonly number[]) {
    const { dir, cacheDir, open } = await workshop();
    const blobs = join(cacheDir, 'images', 'blobs', 'sha256');
    const names = (): Promise<readonly string[]> => readdir(blobs).catch(() => []);
    const taken = async () => {
      const sizes = await Promise.all(
        (await names()).map(async (name) => (await stat(join(blobs, name))).size),
      );
      return sizes.reduce((sum, size) => sum + size, 0);
    };
    const brought: (readonly string[])[] = [];
    for (const [index, ms] of ages.entries()) {
      const layout = await Layout.make(join(dir, `oci-${index}`));
      await layout.writeIndex(await layout.image({ text: randomBytes(1.5 * MB).toString('latin1') }));
      await execa('tar', ['-cf', join(dir, `${index}.tar`), '-C', layout.dir, '.']);
      const before = await names();
      await open(`oci-archive:${join(dir, `${index}.tar`)}`, roomOf(taken));
      const added = (await names()).filter((name) => !before.includes(name));
      brought.push(added);
      const at = new Date(Date.now() - ms);
      for (const name of added) await utimes(join(blobs, name), at, at);
    }
    const left = await names();
    return brought.map((added) => added.every((name) => left.includes(name)));
  }

  test('what was not used for longest goes when there is too much', async () => {
    expect(await three(() => ({ limit: 4 * MB }), [DAY, 2 * DAY, 0])).toEqual([true, false, true]);
  });

  test('what may be in use stays', async () => {
    expect(await three(() => ({ limit: 4 * MB }), [0, 0, 0])).toEqual([true, true, true]);
  });

  test('it makes room on a full disk', async () => {
    const small = (taken: () => Promise<number>) => ({ free: async () => 4 * MB - (await taken()) });
    expect(await three(small, [DAY, 2 * DAY, 0])).toEqual([true, false, true]);
  });

  test.each(['oci-archive', 'oci'])(
    '%s: what nobody used for a month, scans of layers too, and what killed runs left',
    async (transport) => {
      const { cacheDir, layout, archive, open } = await workshop();
      const old = [
        join(cacheDir, 'layer-scans', 'sha256-old.json'),
        join(cacheDir, 'images', 'blobs', 'sha256', 'old'),
      ];
      const work = join(cacheDir, 'images', '.work-old');
      await mkdir(join(cacheDir, 'layer-scans'), { recursive: true });
      await mkdir(join(cacheDir, 'images', 'blobs', 'sha256'), { recursive: true });
      await mkdir(work);
      await writeFile(join(work, 'half'), '');
      for (const path of old) await writeFile(path, '');
      const ago = (days: number) => new Date(Date.now() - days * DAY);
      for (const path of old) await utimes(path, ago(31), ago(31));
      await utimes(work, ago(2), ago(2));
      const path = await archive(await layout.image());
      await open(`${transport}:${transport === 'oci' ? layout.dir : path}`);
      for (const path of [...old, work]) await expect(access(path)).rejects.toMatchObject({ code: 'ENOENT' });
    },
  );
});
