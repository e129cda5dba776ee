import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { otherBuild } from '../scripts/other-build.mjs';
import { updateUnderLoad } from '../scripts/update-under-load.mjs';
import { kboot } from './kboot.mjs';
import { kubectl } from './lab.mjs';

const CONTAINERS = ['kubelet', 'node-runtime', 'etcd'];

/** Updates and rolls back the system containers of a running cluster under load; see updateUnderLoad(). */
export async function measureUpdates(bench, bundle, image) {
  const folder = await mkdtemp(join(tmpdir(), 'kboot-builds-'));
  try {
    const builds = CONTAINERS.map(async (name) => [name, await otherBuild(bundle, name, join(folder, name))]);
    return await updateUnderLoad({
      kboot: async (args) => (await kboot(bench, ...args)).stdout,
      kubectl: (args, input) => kubectl(bench, args, input),
      image,
      addresses: bench.lab.machines.slice(1).map(({ address }) => address),
      containers: CONTAINERS,
      rebase: Object.fromEntries(await Promise.all(builds)),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The figures as lines of a table. */
export function updateTable(rows) {
  const cells = rows.map((row) => [
    `${row.change} of ${row.container}`,
    `${row.seconds.toFixed(1)} s`,
    `${(row.awayMs / 1000).toFixed(1)} s`,
    `${row.lost.length}`,
    `${row.restarted.length}`,
    `${row.failed} of ${row.requests} (${((100 * row.failed) / row.requests).toFixed(2)} %)`,
  ]);
  const heading = ['three machines at once', 'in all', 'away', 'pods lost', 'restarted', 'requests failed'];
  const all = [heading, ...cells];
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
}
