import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { canonicalJson } from '../../src/bundle/canonical-json.ts';
import { importIndex } from '../../src/bundle/import.ts';
import { readIndex, readManifest } from '../../src/bundle/oci-layout.ts';
import { openBundle } from '../../src/bundle/open.ts';
import { totalsOf } from '../../src/bundle/totals.ts';
import { verifyBundle } from '../../src/bundle/verify.ts';
import { MANIFEST_TEXT, smallBundle, temporaryFolder } from '../helpers/bundle.ts';
import { expectRightOrClear } from '../helpers/hostile.ts';

it('refuses a folder that is no bundle', async () => {
  const dir = await temporaryFolder();
  await expect(openBundle(dir)).rejects.toMatchObject({
    code: 'BUNDLE_INVALID',
    message: expect.stringContaining(`${dir}: not a bundle`),
    hint: 'build it again: kboot bundle build',
  });
});

it('refuses another bundle than the one that was pinned', async () => {
  const bundle = await smallBundle();
  const pinned = `sha256:${'0'.repeat(64)}`;
  await expect(openBundle(bundle.dir, pinned)).rejects.toThrow(
    `expected the bundle ${pinned}, found ${bundle.digest}`,
  );
});

it.each([
  ['no JSON', '{', /JSON/],
  ['an unknown key', { extra: 1 }, /Unrecognized key: "extra"/],
  ['a wrong architecture', { arch: 'sparc' }, /arch/],
  [
    'a digest that is none',
    { manifests: [{ name: 'x', version: '1', file: 'f', sha256: 'abc', size: 1 }] },
    /sha256/,
  ],
])('refuses bundle.json with %s', async (_what, change, message) => {
  const bundle = await smallBundle();
  const text = typeof change === 'string' ? change : canonicalJson({ ...bundle.lock, ...change });
  await writeFile(join(bundle.dir, 'bundle.json'), text);
  await expect(openBundle(bundle.dir)).rejects.toMatchObject({
    code: 'BUNDLE_INVALID',
    message: expect.stringMatching(message),
  });
});

it('reads a manifest that is the one of the lock, and no other', async () => {
  const bundle = await smallBundle();
  expect(await bundle.readManifest('flannel')).toBe(MANIFEST_TEXT);
  await expect(bundle.readManifest('calico')).rejects.toThrow('the bundle has no manifest calico');
  await writeFile(join(bundle.dir, 'manifests', 'kube-flannel.yml'), `${MANIFEST_TEXT}# more\n`);
  await expect(bundle.readManifest('flannel')).rejects.toThrow(
    /kube-flannel\.yml: expected sha256:.* found sha256:/,
  );
});

it('takes or refuses whatever bundle.json holds', async () => {
  const bundle = await smallBundle();
  const text = canonicalJson(bundle.lock);
  await expectRightOrClear(
    [text],
    async (changed) => {
      await writeFile(join(bundle.dir, 'bundle.json'), changed);
      return openBundle(bundle.dir);
    },
    ({ lock }) => {
      for (const { sent, disk } of totalsOf(lock)) {
        expect(Number.isFinite(sent)).toBe(true);
        expect(Number.isFinite(disk)).toBe(true);
      }
      importIndex(lock.images, lock.arch);
      // What a manifest's file is called is where it is looked for, and names of images are arguments.
      for (const { file } of lock.manifests) expect(join('/bundle', file)).toMatch(/^\/bundle\/./);
      for (const { name } of lock.images) expect(name).toMatch(/^[^\s\0-]/);
      expect(lock.kubernetes).toMatch(/^v\d+\.\d+\.\d+/);
    },
  );
});

it.each(['index.json', 'manifest'])('says what is wrong with any %s of the layout', async (which) => {
  const bundle = await smallBundle();
  const [image] = bundle.lock.images;
  const path = which === 'manifest' ? bundle.blobPath(image?.manifest.digest ?? '') : join(bundle.dir, which);
  const text = await readFile(path, 'utf8');
  await expectRightOrClear([text], async (changed) => {
    await writeFile(path, changed);
    await readIndex(bundle.dir);
    await readManifest(bundle.dir, image?.manifest.digest ?? '');
    await verifyBundle(bundle);
  });
});
