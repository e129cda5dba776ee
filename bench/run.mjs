// Side by side, in one run on one lab: a cluster by hand over ssh, and the same with kboot; then updates of what runs
// beneath a cluster. Prints ratios and times; the machine under it may be noisy, so nothing here passes or fails.
// Arguments choose parts: clusters, updates.
import { homedir } from 'node:os';
import { join } from 'node:path';
import process, { env } from 'node:process';
import { buildBundle, DEFAULT_KUBERNETES } from '../dist/bundle/build/build.js';
import { benchClusters } from './clusters.mjs';
import { benchUpdates } from './updates.mjs';

const PARTS = { clusters: benchClusters, updates: benchUpdates };

const wanted = process.argv.slice(2);
const unknown = wanted.find((part) => !Object.hasOwn(PARTS, part));
if (unknown !== undefined)
  throw new Error(`no such part: ${unknown}; there are ${Object.keys(PARTS).join(', ')}`);
const bundle = await buildBundle({
  kubernetes: DEFAULT_KUBERNETES,
  source: 'modules',
  cacheDir: join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'kboot'),
  onProgress: () => {},
});
for (const part of wanted.length > 0 ? wanted : Object.keys(PARTS)) await PARTS[part](bundle);
