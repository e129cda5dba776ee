import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dropPrepared, initByHand, joinByHand, prepareByHand } from './by-hand.mjs';
import { kboot, medianMs, VERSION } from './kboot.mjs';
import { MASTER, NODES, received, ssh, startLab, stopLab, timed } from './lab.mjs';
import { say } from './say.mjs';

const KUBECTL = 'kubectl --kubeconfig /etc/kubernetes/admin.conf';
const [NODE] = NODES;

const seconds = (value) => `${value.toFixed(1)} s`;
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;

/** A pod that waits for its node; the image is one that every node has. */
async function requestPod(bench, node, image) {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'first' },
    spec: {
      terminationGracePeriodSeconds: 0,
      nodeSelector: { 'kubernetes.io/hostname': node },
      containers: [{ name: 'first', image, imagePullPolicy: 'Never', command: ['sleep', '3600'] }],
    },
  };
  await ssh(bench, MASTER, `echo '${JSON.stringify(pod)}' | ${KUBECTL} apply -f -`);
}

const podRuns = (bench) =>
  ssh(bench, MASTER, `${KUBECTL} wait --for=condition=Ready pod/first --timeout=300s`);

/** One cluster by hand: seconds of the control plane, and of a node until the first pod of its own runs. */
async function measureByHand(bundle, image) {
  const bench = await startLab();
  const work = await mkdtemp(join(tmpdir(), 'kboot-by-hand-'));
  try {
    const prepared = await prepareByHand(bundle, work);
    const init = await timed(() => initByHand(bench, prepared));
    await requestPod(bench, NODE, image);
    const join = await timed(async () => {
      await joinByHand(bench, prepared, NODE);
      await podRuns(bench);
    });
    const bytes = { master: await received(bench, MASTER), node: await received(bench, NODE) };
    return { init: init.seconds, join: join.seconds, bytes };
  } finally {
    await dropPrepared(work);
    await stopLab(bench);
  }
}

/** The same with kboot, then both nodes at once on the same machines. */
async function measureKboot(image) {
  const bench = await startLab();
  try {
    const init = await kboot(bench, 'init', MASTER);
    await requestPod(bench, NODE, image);
    const join = await timed(async () => {
      const run = await kboot(bench, 'join', NODE);
      await podRuns(bench);
      return run;
    });
    const bytes = { master: await received(bench, MASTER), node: await received(bench, NODE) };
    await ssh(bench, MASTER, `${KUBECTL} delete pod first --now`);
    await kboot(bench, 'reset', NODE, '--yes');
    const one = await kboot(bench, 'join', NODE);
    await kboot(bench, 'reset', NODE, '--yes');
    const two = await kboot(bench, 'join', '--all');
    const runs = [init, join.value, one, two];
    const memory = Math.max(...runs.map((run) => run.memory));
    return { init, join, bytes, one: one.seconds, two: two.seconds, memory };
  } finally {
    await stopLab(bench);
  }
}

function sayPhases(title, { phases, seconds: total }) {
  say(`\n${title}: ${seconds(total)}, of which (phases overlap)`);
  for (const { id, host, ms } of phases.toSorted((a, b) => b.ms - a.ms).slice(0, 12)) {
    say(
      `  ${(ms / 10 / total).toFixed(0).padStart(3)} %  ${seconds(ms / 1000).padStart(7)}  ${id} (${host})`,
    );
  }
}

/** Measures a cluster by hand and one of kboot's, and prints them side by side. */
export async function benchClusters(bundle) {
  const image = bundle.lock.images.find(({ name }) => /\/flannel:/.test(name)).name;
  const hand = await measureByHand(bundle, image);
  const ours = await measureKboot(image);
  const version = await medianMs(VERSION);
  const node = await medianMs(['-e', '0']);

  const rows = [
    ['control plane until CoreDNS answers', hand.init, ours.init.seconds, 0.5],
    ['node until its first pod runs', hand.join, ours.join.seconds, 0.5],
  ];
  say('what                                   by hand     kboot   ratio   aim');
  for (const [what, byHand, kbootTime, aim] of rows) {
    say(
      `${what.padEnd(36)} ${seconds(byHand).padStart(9)} ${seconds(kbootTime).padStart(9)}   ${(kbootTime / byHand).toFixed(2)}   <= ${aim}`,
    );
  }
  say(
    `two nodes joined against one: ${seconds(ours.two)} / ${seconds(ours.one)} = ${(ours.two / ours.one).toFixed(2)} (aim <= 1.5)`,
  );
  say(
    `received by the master: by hand ${megabytes(hand.bytes.master)}, kboot ${megabytes(ours.bytes.master)}`,
  );
  say(`received by the node:   by hand ${megabytes(hand.bytes.node)}, kboot ${megabytes(ours.bytes.node)}`);
  say(`kboot's peak memory: ${megabytes(ours.memory)} (aim <= 150 MB)`);
  say(
    `kboot --version against node -e 0: ${version.toFixed(0)} / ${node.toFixed(0)} ms = ${(version / node).toFixed(2)} (aim <= 2.5)`,
  );
  sayPhases('kboot init', ours.init);
  sayPhases('kboot join of one node', ours.join.value);
}
