import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageWithBusybox } from '../scripts/demo/workload.mjs';
import { otherBuild } from '../scripts/other-build.mjs';
import { updateUnderLoad } from '../scripts/update-under-load.mjs';
import { kboot } from './kboot.mjs';
import { kubectl, MASTER, NODES, startLab, stopLab } from './lab.mjs';
import { say } from './say.mjs';

const CONTAINERS = ['kubelet', 'node-runtime', 'etcd'];

/** Where containers are updated: on one machine, and on all three that share these cores, at once. */
const PLACES = [
  { title: 'one machine', where: ['--host', NODES[0]], containers: ['kubelet', 'node-runtime'] },
  { title: 'three at once', where: ['--all-hosts'], containers: CONTAINERS },
];

/** Updates and rolls back the system containers of a cluster under load; see updateUnderLoad(). */
async function measure(bundle) {
  const bench = await startLab();
  const folder = await mkdtemp(join(tmpdir(), 'kboot-builds-'));
  try {
    await kboot(bench, 'init', MASTER);
    await kboot(bench, 'join', '--all');
    const builds = CONTAINERS.map(async (name) => [name, await otherBuild(bundle, name, join(folder, name))]);
    const rebase = Object.fromEntries(await Promise.all(builds));
    const rows = [];
    for (const { title, where, containers } of PLACES) {
      const measured = await updateUnderLoad({
        kboot: async (args) => (await kboot(bench, ...args)).stdout,
        kubectl: (args, input) => kubectl(bench, args, input),
        image: imageWithBusybox(bundle.lock),
        addresses: bench.lab.machines.slice(1).map(({ address }) => address),
        ...{ containers, rebase, where },
      });
      rows.push(...measured.map((row) => ({ ...row, title })));
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
    await stopLab(bench);
  }
}

/** Measures updates and rollbacks, and prints them as a table. */
export async function benchUpdates(bundle) {
  const cells = (await measure(bundle)).map((row) => [
    `${row.change} of ${row.container}, ${row.title}`,
    `${row.seconds.toFixed(1)} s`,
    `${(row.awayMs / 1000).toFixed(1)} s`,
    `${row.lost.length}`,
    `${row.restarted.length}`,
    `${row.failed} of ${row.requests} (${((100 * row.failed) / row.requests).toFixed(2)} %)`,
  ]);
  const heading = ['under load', 'in all', 'away', 'pods lost', 'restarted', 'requests failed'];
  const all = [heading, ...cells];
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  say(
    '\nupdates and rollbacks (aim: kubelet away <= 2 s, its rollback <= 3 s in all, no pod lost or restarted)',
  );
  for (const row of all)
    say(
      `  ${row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd()}`,
    );
}
