import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { Host } from '../../src/host/host.ts';
import { openLocalHost } from '../../src/host/local.ts';
import { layerName, unpackLayers } from '../../src/system-container/change/layer-store.ts';
import { mergeLayers } from '../../src/system-container/layer/merge.ts';
import { scan, type TestLayer } from './make-image.ts';

/** Layers that have nothing to do with each other. */
export async function scansOf(layers: readonly TestLayer[]) {
  const scans = await Promise.all(layers.map(scan));
  return { scans, steps: scans.flatMap((each) => mergeLayers([each]).steps) };
}

/**
 * A function that unpacks layers as a machine does, here and with this machine's own tar, and gives back where each
 * is. What it unpacks is gone after the tests of the file.
 */
export function useUnpacker() {
  let host: Host;
  let folder: string;
  beforeAll(async () => {
    host = await openLocalHost('here');
    folder = await mkdtemp(path.join(tmpdir(), 'kboot-unpacked-'));
  });
  afterAll(async () => {
    await host[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  return async (layers: readonly TestLayer[]): Promise<(layer: TestLayer) => string> => {
    const root = await mkdtemp(path.join(folder, 'root-'));
    const blobs = path.join(root, 'blobs');
    await mkdir(blobs);
    for (const layer of layers) await writeFile(path.join(blobs, layerName(layer)), layer.blob);
    const { steps } = await scansOf(layers);
    await unpackLayers(host, steps, { root: path.join(root, 'atomic'), blobDirs: [blobs] });
    return (layer) => path.join(root, 'atomic', '.storage', layerName(layer));
  };
}
