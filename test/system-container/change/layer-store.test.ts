import { execFile } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Host } from '../../../src/host/host.ts';
import { openLocalHost } from '../../../src/host/local.ts';
import { layerName, unpackLayers } from '../../../src/system-container/change/layer-store.ts';
import { mergeLayers } from '../../../src/system-container/layer/merge.ts';
import {
  directory,
  file,
  hardLink,
  layerFrom,
  link,
  makeLayer,
  scan,
  type TestLayer,
} from '../make-image.ts';

let folder: string;
let host: Host;

beforeAll(async () => {
  host = await openLocalHost('here');
});
afterAll(() => host[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kboot-store-'));
  return () => rm(folder, { recursive: true });
});

const root = () => path.join(folder, 'lib/containers/atomic');
const store = () => path.join(root(), '.storage');

async function put(...layers: TestLayer[]) {
  await mkdir(path.join(folder, 'blobs'), { recursive: true });
  for (const layer of layers) await writeFile(path.join(folder, 'blobs', layerName(layer)), layer.blob);
  return mergeLayers(await Promise.all(layers.map(scan))).steps;
}
const unpack = (steps: Awaited<ReturnType<typeof put>>) =>
  unpackLayers(host, steps, { root: root(), blobDirs: ['/nowhere', path.join(folder, 'blobs')] });

test('layers are unpacked once, without deletion marks, devices and pipes', async () => {
  const one = await makeLayer([
    directory('bin/', 0o2755),
    file('bin/tool', 'tool', 0o4755),
    hardLink('bin/same', 'bin/tool'),
    link('lib', '/outside'),
    { name: 'dev/null', type: 'character-device', devmajor: 1, devminor: 3 },
    { name: 'run/pipe [x]', type: 'fifo' },
    file('run/other', ''),
  ]);
  const two = await makeLayer([
    file('bin/.wh.tool', ''),
    file('etc/.wh..wh..opq', ''),
    file('etc/new\nline', 'x'),
  ]);
  const steps = await put(one, two);
  await unpack(steps);

  const first = path.join(store(), layerName(one));
  expect((await readdir(first)).sort()).toEqual(['bin', 'lib', 'run']);
  expect(await readdir(path.join(first, 'run'))).toEqual(['other']);
  expect((await stat(path.join(first, 'bin'))).mode & 0o7777).toBe(0o2755);
  const tool = await stat(path.join(first, 'bin/tool'));
  expect([tool.mode & 0o7777, tool.nlink]).toEqual([0o4755, 2]);
  expect((await lstat(path.join(first, 'lib'))).isSymbolicLink()).toBe(true);
  expect(await readdir(path.join(store(), layerName(two), 'etc'))).toEqual(['new\nline']);
  expect((await readdir(store())).sort()).toEqual([layerName(one), layerName(two)].sort());

  await unpack(steps);
  expect((await stat(path.join(first, 'bin/tool'))).ino).toBe(tool.ino);
});

test('a layer that is not compressed is unpacked like any other', async () => {
  const layer = layerFrom(gunzipSync((await makeLayer([file('etc/a', 'x'), link('b', 'etc/a')])).blob));
  await unpack(await put(layer));
  expect(await readFile(path.join(store(), layerName(layer), 'b'), 'utf8')).toBe('x');
});

test('the folders that are made are noted, and only root may look into the store', async () => {
  await mkdir(path.join(folder, 'lib'));
  await unpack(await put(await makeLayer([file('a', '')])));
  const noted = await readFile(path.join(root(), '.created-directories'), 'utf8');
  expect(noted.split('\n')).toEqual([root(), path.join(folder, 'lib/containers'), '']);
  expect((await stat(store())).mode & 0o777).toBe(0o700);
  expect((await stat(root())).mode & 0o777).toBe(0o755);
});

test('a checkout root that was there before is not noted', async () => {
  await mkdir(root(), { recursive: true });
  await unpack(await put(await makeLayer([file('a', '')])));
  expect(await readdir(root())).toEqual(['.storage']);
});

test('a missing blob is named, and nothing is left under a temporary name', async () => {
  const [there, missing] = await Promise.all([makeLayer([file('a', '')]), makeLayer([file('b', '')])]);
  const steps = await put(there, missing);
  await rm(path.join(folder, 'blobs', layerName(missing)));
  await expect(unpack(steps)).rejects.toThrow(
    `Layer not found: ${layerName(missing)}.  Please pull the image again`,
  );
  expect(await readdir(store())).toEqual([]);
});

test('a blob with other files than those that were checked is not taken for the layer', async () => {
  const [checked, other] = await Promise.all([
    makeLayer([file('a', '')]),
    makeLayer([file('a', ''), file('b', '')]),
  ]);
  const steps = await put(checked);
  await writeFile(path.join(folder, 'blobs', layerName(checked)), other.blob);
  await expect(unpack(steps)).rejects.toThrow('was unpacked to other files than it lists');
  expect(await readdir(store())).toEqual([]);
});

test('what a killed unpacking left is cleared, what a running one uses is not', async () => {
  await mkdir(path.join(store(), '.new.999999999'), { recursive: true });
  await mkdir(path.join(store(), `.new.${process.pid}`));
  const layer = await makeLayer([file('a', '')]);
  await unpack(await put(layer));
  expect((await readdir(store())).sort()).toEqual([`.new.${process.pid}`, layerName(layer)].sort());
});

test('a layer of ten thousand files is scanned and unpacked', async () => {
  const many = Array.from({ length: 10_000 }, (_, at) => file(`d${at % 100}/f${at}`, `${at}`));
  const layer = await makeLayer(many);
  await unpack(await put(layer));
  const { stdout } = await promisify(execFile)('find', [
    path.join(store(), layerName(layer)),
    '-type',
    'f',
    '-printf',
    '.',
  ]);
  expect(stdout).toHaveLength(10_000);
});

test('a damaged blob that kboot had sent is cleared away, so that it is sent again; a good one stays', async () => {
  const [good, bad] = [await makeLayer([file('a', 'a')]), await makeLayer([file('b', 'b'.repeat(5000))])];
  const steps = await put(good, bad);
  const blobs = path.join(folder, 'blobs');
  await truncate(path.join(blobs, layerName(bad)), 20);
  await expect(unpackLayers(host, steps, { root: root(), blobDirs: [blobs] })).rejects.toMatchObject({
    message: expect.stringContaining(`${layerName(bad)} had been damaged and is cleared away`),
  });
  expect(await readdir(blobs)).toEqual([layerName(good)]);
});
