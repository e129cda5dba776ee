// Makes docs/images/kboot.svg: a real run of `kboot init` and `kboot join --all` on local machines, as a terminal
// shows it. Needs what `npm run demo` needs, and tmux.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, stderr } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BIN, kboot } from './demo/kboot.mjs';
import { renderSvg } from './record/svg.mjs';
import { Terminal } from './record/terminal.mjs';

const PICTURE = fileURLToPath(new URL('../docs/images/kboot.svg', import.meta.url));
const MASTER = 'master.example.com';
const LAB = 'record';

const COLUMNS = 84;
const ROWS = 28;

/** The picture shows the run this many times as fast. */
const SPEED = 4;
const EVERY_MS = 400;
/** How long the end stays, as the viewer sees it. */
const HOLD_MS = 6000;

const COMMANDS = [
  `kboot init ${MASTER}`,
  'kboot join --all',
  `kboot lab ssh --name ${LAB} ${MASTER} -- kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes`,
];

/** Takes a picture of the screen every so often until `task` is done; equal pictures count once. */
async function film(terminal, task) {
  const frames = [];
  const startedAt = performance.now();
  let last = '';
  const take = async () => {
    const lines = await terminal.screen();
    const key = JSON.stringify(lines);
    if (key !== last) frames.push({ at: Math.round((performance.now() - startedAt) / SPEED), lines });
    last = key;
  };
  let done = false;
  const ended = task().finally(() => {
    done = true;
  });
  while (!done) {
    await take();
    await Promise.race([sleep(EVERY_MS), ended.catch(() => {})]);
  }
  await ended;
  await take();
  return frames;
}

async function record(folder) {
  const programs = join(folder, 'bin');
  const cluster = join(folder, 'shop');
  await mkdir(programs);
  await mkdir(cluster);
  await symlink(BIN, join(programs, 'kboot'));
  await kboot(cluster, 'lab', 'up', '--name', LAB, '--install');
  await kboot(cluster, 'bundle', 'build', '--install');
  const terminal = new Terminal();
  try {
    const path = `${programs}:${env['PATH']}`;
    const place = { folder: cluster, statuses: join(folder, 'statuses'), env: { PATH: path } };
    await terminal.open({ ...place, columns: COLUMNS, rows: ROWS });
    const frames = await film(terminal, async () => {
      for (const line of COMMANDS) await terminal.type(line);
    });
    const title = `${COMMANDS.slice(0, 2).join(' and ')}, ${SPEED} times as fast`;
    await writeFile(PICTURE, renderSvg({ frames, columns: COLUMNS, rows: ROWS, title, holdMs: HOLD_MS }));
    stderr.write(`\nwrote ${PICTURE}: ${frames.length} frames\n`);
  } finally {
    await terminal.close();
    await kboot(cluster, 'lab', 'down', '--name', LAB);
  }
}

const folder = await mkdtemp(join(tmpdir(), 'kboot-record-'));
try {
  await record(folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}
