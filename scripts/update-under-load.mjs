// Updates system containers of a cluster and rolls them back while a Deployment serves requests; tells how long each
// service was away, what became of the pods, and how many requests failed.
import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** A request that takes longer has failed, in milliseconds. */
const REQUEST_TIMEOUT_MS = 2000;

/** Requests go on for this long after each change: what it broke late shows as well. */
const AFTERWARDS_MS = 3000;

/** Clients that ask one after the other. */
const CLIENTS = 4;

const NAME = 'under-load';
const PORT = 8080;

/** One request over a connection of its own, as a new visitor makes it. */
function ask(url) {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: REQUEST_TIMEOUT_MS }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200));
      response.on('error', () => resolve(false));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}

/** Asks the urls in turn until it is stopped. */
function startLoad(urls) {
  let going = true;
  const counts = { requests: 0, failed: 0 };
  const client = async (at) => {
    for (let turn = at; going; turn++) {
      counts.requests += 1;
      if (!(await ask(urls[turn % urls.length]))) counts.failed += 1;
      await delay(5);
    }
  };
  const clients = Array.from({ length: CLIENTS }, (_, at) => client(at));
  return {
    async stop() {
      going = false;
      await Promise.all(clients);
      return counts;
    },
  };
}

/** A Deployment of web servers, and a Service at a port of every node. */
function workload(image, replicas) {
  const labels = { app: NAME };
  const container = {
    name: 'web',
    image,
    imagePullPolicy: 'Never',
    command: [
      ...['/usr/bin/busybox', 'sh', '-c'],
      `mkdir -p /tmp/www && echo ok > /tmp/www/index.html && exec busybox httpd -f -p ${PORT} -h /tmp/www`,
    ],
    readinessProbe: { httpGet: { path: '/', port: PORT }, periodSeconds: 1 },
  };
  const template = {
    metadata: { labels },
    spec: { terminationGracePeriodSeconds: 0, containers: [container] },
  };
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: NAME } },
        spec: { replicas, selector: { matchLabels: labels }, template },
      },
      {
        ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: NAME } },
        spec: { type: 'NodePort', selector: labels, ports: [{ port: PORT }] },
      },
    ],
  };
}

/** Every pod of the cluster by its uid, with how often its containers were started again. */
async function podsOf(kubectl) {
  const { items } = JSON.parse(await kubectl(['get', 'pods', '-A', '-o', 'json']));
  return new Map(
    items.map(({ metadata, status }) => [
      metadata.uid,
      {
        name: metadata.name,
        restarts: (status.containerStatuses ?? []).reduce((sum, each) => sum + each.restartCount, 0),
      },
    ]),
  );
}

/**
 * Updates each container to the image that `rebase` gives for it, on the machines that the options `where` choose, and
 * rolls it back. `kboot` and `kubectl` take arguments and resolve with standard output; `addresses` are the nodes' own. Resolves with a row for
 * each change: `{ container, change, seconds, awayMs, requests, failed, lost, restarted }`, where `awayMs` is the
 * longest of all machines, and `lost` and `restarted` name pods.
 */
export async function updateUnderLoad({ kboot, kubectl, image, addresses, containers, rebase, where }) {
  await kubectl(['apply', '-f', '-'], JSON.stringify(workload(image, addresses.length * 2)));
  try {
    await kubectl(['rollout', 'status', `deployment/${NAME}`, '--timeout=120s']);
    const service = JSON.parse(await kubectl(['get', 'service', NAME, '-o', 'json']));
    const urls = addresses.map((address) => `http://${address}:${service.spec.ports[0].nodePort}/`);
    while (!(await Promise.all(urls.map(ask))).every(Boolean)) await delay(200);
    const rows = [];
    for (const container of containers) {
      const changes = {
        update: ['update', container, '--rebase', rebase[container]],
        rollback: ['rollback', container],
      };
      for (const [change, args] of Object.entries(changes)) {
        const before = await podsOf(kubectl);
        const load = startLoad(urls);
        const started = performance.now();
        const results = JSON.parse(await kboot(['containers', ...args, ...where, '--json']));
        const seconds = (performance.now() - started) / 1000;
        await delay(AFTERWARDS_MS);
        const { requests, failed } = await load.stop();
        const after = await podsOf(kubectl);
        const awayMs = Math.max(...results.map((result) => result.awayMs));
        const lost = [...before].filter(([uid]) => !after.has(uid)).map(([, { name }]) => name);
        const restarted = [...before]
          .filter(([uid, { restarts }]) => (after.get(uid)?.restarts ?? restarts) > restarts)
          .map(([, { name }]) => name);
        rows.push({ container, change, seconds, awayMs, requests, failed, lost, restarted });
      }
    }
    return rows;
  } finally {
    await kubectl(['delete', `deployment/${NAME}`, `service/${NAME}`, '--ignore-not-found']);
  }
}
