// A cluster of three local machines, made by the real kboot, and a table of what was measured on it: `npm run demo`.
// Runs as often as you like: what is done already is not done again.
import { access, mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import process, { env, stderr, stdout } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { allChecks } from './demo/checks.mjs';
import { apply, connectAll } from './demo/cluster.mjs';
import { BIN, CommandEnded, kboot } from './demo/kboot.mjs';
import { measureUntil } from './demo/measure.mjs';
import { imageWithBusybox, NAMESPACE, workload } from './demo/workload.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MASTER = 'master.example.com';

const { values } = parseArgs({
  options: {
    // A lab of its own: an own `kboot lab up` is not touched.
    name: { type: 'string', default: 'demo' },
    folder: { type: 'string', default: join(ROOT, 'demo') },
    // Seconds: what is not true by then is not.
    patience: { type: 'string', default: '90' },
  },
});
const lab = values.name;
const folder = resolve(values.folder);
const file = join(folder, 'kboot.yaml');

const say = (text) => stderr.write(`${text}\n`);

/** Throws when the folder's kboot.yaml is about other machines than the demo's. */
async function refuseForeignFile() {
  const text = await readFile(file, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const { labFolder } = await import('../dist/lab/state.js');
  const { sshConfig } = labFolder(lab, { env, home: homedir() });
  if (text === undefined || text.includes(sshConfig)) return;
  throw new Error(`${file} is not the demo's: move it away, or run npm run demo -- --folder ANOTHER`);
}

async function makeCluster() {
  await mkdir(folder, { recursive: true });
  await kboot(folder, 'lab', 'up', '--name', lab, '--install');
  await kboot(folder, 'bundle', 'build', '--install');
  await kboot(folder, 'init', MASTER);
  await kboot(folder, 'join', '--all');
}

/** Runs pods on the cluster and measures everything; resolves with the rows. */
async function measureCluster() {
  const { loadCluster } = await import('../dist/config/load.js');
  const { bundleDir, DEFAULT_KUBERNETES } = await import('../dist/bundle/build/build.js');
  const { openBundle } = await import('../dist/bundle/open.js');
  const { cacheDirectory } = await import('../dist/lib/base-directories.js');
  const { cluster } = await loadCluster(file, homedir());
  const cacheDir = cacheDirectory({ env, home: homedir() });
  const { lock } = await openBundle(
    bundleDir({ cacheDir, kubernetes: DEFAULT_KUBERNETES, source: 'modules' }),
  );
  const connected = await connectAll(cluster);
  try {
    say(`\nlooking at the cluster (a web server on each node, in the namespace ${NAMESPACE})`);
    await apply(connected.master, workload(imageWithBusybox(lock)));
    const deadline = Date.now() + Number(values.patience) * 1000;
    const onWait = (text) => say(`waiting: ${text}`);
    const clock = { now: Date.now, sleep: () => sleep(1000), onWait };
    const rows = [];
    for (const check of allChecks(connected, lock.kubernetes))
      rows.push(await measureUntil(check, deadline, clock));
    return rows;
  } finally {
    await connected.end();
  }
}

async function show(rows) {
  const { renderTable } = await import('../dist/cli/render/table.js');
  const cells = rows.map(({ ok, what, where, text }) => [ok ? 'ok' : 'FAIL', what, where, text]);
  stdout.write(`\n${renderTable(['', 'CHECK', 'MACHINE', 'MEASURED'], cells)}`);
}

function sayHowToGoOn() {
  say(`
Look around, in this shell:
  alias kboot='node ${BIN}'
  kboot lab ssh --name ${lab} ${MASTER}
  export KUBECONFIG=/etc/kubernetes/admin.conf     (there)
  kubectl get pods -A -o wide
The cluster file and the kubeconfig are in ${folder}.
Take it down:
  kboot lab down --name ${lab}`);
}

async function demo() {
  await access(BIN).catch(() => {
    throw new Error(`${BIN} is missing: run npm ci, or npm run build`);
  });
  await refuseForeignFile();
  say(`The demo works in ${folder}.`);
  await makeCluster();
  const rows = await measureCluster();
  await show(rows);
  const failed = rows.filter(({ ok }) => !ok);
  if (failed.length > 0) throw new Error(`${failed.length} of ${rows.length} checks failed`);
  sayHowToGoOn();
}

// kboot gets Ctrl-C from the terminal as well, and stops cleanly: the demo waits for that.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

await demo().catch((error) => {
  process.exitCode = error instanceof CommandEnded ? error.exitCode : 1;
  say(`\ndemo: ${error.message}`);
  say('npm run demo goes on where it stopped.');
});
