import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { canonicalJson } from '../../src/bundle/canonical-json.ts';
import { digestOf } from '../../src/bundle/digest.ts';
import { type Bundle, openBundle } from '../../src/bundle/open.ts';
import { verifyBundle } from '../../src/bundle/verify.ts';
import { smallBundle } from '../helpers/bundle.ts';

const blob = (bundle: Bundle, image: number) =>
  bundle.blobPath(bundle.lock.images[image]?.layers[0]?.digest ?? '');

async function flip(path: string): Promise<string> {
  const data = await readFile(path);
  const last = data.length - 1;
  data[last] = (data[last] ?? 0) ^ 1;
  await writeFile(path, data);
  return digestOf(data);
}

it('opens a bundle and finds it whole', async () => {
  const bundle = await smallBundle();
  expect(bundle.digest).toBe(digestOf(await readFile(join(bundle.dir, 'bundle.json'))));
  await verifyBundle(bundle);
  await verifyBundle(await openBundle(bundle.dir, bundle.digest), { roles: ['node'] });
});

it('names a blob with one flipped bit, what was expected and what was found', async () => {
  const bundle = await smallBundle();
  const path = blob(bundle, 1);
  const found = await flip(path);
  await expect(verifyBundle(bundle)).rejects.toMatchObject({
    code: 'BUNDLE_INVALID',
    message: expect.stringContaining(
      `${path}: expected ${bundle.lock.images[1]?.layers[0]?.digest}, found ${found}`,
    ),
  });
});

it('does not care about blobs that machines of the roles do not get', async () => {
  const bundle = await smallBundle();
  await flip(blob(bundle, 1));
  await verifyBundle(bundle, { roles: ['node'] });
  await expect(verifyBundle(bundle, { roles: ['master'] })).rejects.toThrow('damaged');
});

it('names every damaged file at once', async () => {
  const bundle = await smallBundle();
  await appendFile(blob(bundle, 0), 'x');
  await rm(blob(bundle, 1));
  await flip(join(bundle.dir, 'manifests', 'kube-flannel.yml'));
  const error = await verifyBundle(bundle).catch((thrown: unknown) => thrown);
  expect(String(error)).toMatch(/expected \d+ bytes, found \d+/);
  expect(String(error)).toMatch(/no such file/);
  expect(String(error)).toMatch(/kube-flannel\.yml: expected sha256:/);
});

it('finds an index that lists another image', async () => {
  const bundle = await smallBundle();
  const path = join(bundle.dir, 'index.json');
  const text = await readFile(path, 'utf8');
  const [first, second] = bundle.lock.images.map(({ manifest }) => manifest.digest);
  await writeFile(path, text.replace(first ?? '', second ?? ''));
  await expect(verifyBundle(bundle)).rejects.toThrow(
    `index.json: kboot/kubelet:v1.37.2: expected ${first}, found ${second}`,
  );
});

it('finds a lock that tells other layers than the image has', async () => {
  const bundle = await smallBundle();
  const [, apiserver, proxy] = bundle.lock.images;
  if (!apiserver || !proxy) throw new Error('the bundle has fewer images');
  const images = bundle.lock.images.map((image) =>
    image === apiserver ? { ...image, layers: proxy.layers } : image,
  );
  await writeFile(join(bundle.dir, 'bundle.json'), canonicalJson({ ...bundle.lock, images }));
  await expect(verifyBundle(await openBundle(bundle.dir))).rejects.toThrow(
    `registry.k8s.io/kube-apiserver:v1.37.2: bundle.json says ${proxy.layers[0]?.digest}, the image ${apiserver.layers[0]?.digest}`,
  );
});

it('stops when it is told to', async () => {
  const bundle = await smallBundle();
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(verifyBundle(bundle, { signal })).rejects.toThrow('enough');
});
