import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { canonicalJson } from '../../src/bundle/canonical-json.ts';
import { openBundle } from '../../src/bundle/open.ts';
import { MANIFEST_TEXT, smallBundle, temporaryFolder } from '../helpers/bundle.ts';

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
