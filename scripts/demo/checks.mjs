import { listSystemContainers } from '../../dist/system-container/deployment/list.js';
import { kubectl, kubectlJson } from './cluster.mjs';
import { NAME, NAMESPACE, PORT } from './workload.mjs';

/** System containers that each role has, and the unit that shows whether one without a service works. */
const CONTAINERS = { master: ['etcd', 'kubelet', 'node-runtime'], node: ['kubelet', 'node-runtime'] };
const UNIT_OF = { 'node-runtime': 'containerd.service' };

/** Longest time for an answer, in seconds. Not wget's own -T: Debian's static busybox crashes with it. */
const FETCH = ['timeout', '5', 'busybox', 'wget', '-qO-'];

/** The Service is asked this often: a pod that none of these reached is taken for unreachable. */
const TRIES = 20;

const conditionOf = (object, type) => object.status?.conditions?.find((condition) => condition.type === type);
const isTrue = (object, type) => conditionOf(object, type)?.status === 'True';

/** One thing that must be true: what, where, and `measure`, which resolves with `{ ok, text }`. */
const check = (what, where, measure) => ({ what, where, measure });

/** The machine is Ready in Kubernetes, and on the version of the bundle. */
function nodeReady({ master }, { name }, version) {
  return check('node', name, async () => {
    const node = await kubectlJson(master, 'get', 'node', name);
    const running = node.status.nodeInfo.kubeletVersion;
    const ready = isTrue(node, 'Ready');
    return {
      ok: ready && running === version,
      text: `${ready ? 'Ready' : 'not Ready'}, Kubernetes ${running}`,
    };
  });
}

/** The machine has the system containers of its role, and they work. */
function systemContainers({ hosts }, { name, role }) {
  return check('system containers', name, async () => {
    const host = hosts.get(name);
    const listed = await listSystemContainers(host);
    const states = [];
    for (const wanted of CONTAINERS[role]) {
      const found = listed.find((container) => container.name === wanted);
      const unit = UNIT_OF[wanted];
      // The image has no service of its own; what it put on the machine has.
      const active = unit && found?.state === 'no service' && (await isActive(host, unit));
      const broken = found === undefined || found.broken !== undefined;
      states.push({ wanted, ok: !broken && (active || found.state === 'running') });
    }
    const text = states.map(({ wanted, ok }) => (ok ? wanted : `${wanted} (not running)`)).join(', ');
    return { ok: states.every(({ ok }) => ok), text };
  });
}

async function isActive(host, unit) {
  const { stdout } = await host.query({ argv: ['systemctl', 'show', '--property=ActiveState', unit] });
  return stdout.trim() === 'ActiveState=active';
}

/** CoreDNS knows a Service, asked from a pod on this node. */
function coreDns({ master }, { name }) {
  return check('CoreDNS', name, async () => {
    const service = await kubectlJson(master, 'get', 'service', 'kubernetes');
    const pod = await podOn(master, name);
    const answer = await inPod(master, pod, ['nslookup', '-type=a', 'kubernetes.default.svc.cluster.local']);
    const address = /Name:\s*\S+\s+Address(?: 1)?:\s*(\S+)/.exec(answer)?.[1];
    const ok = address === service.spec.clusterIP;
    return { ok, text: `kubernetes.default is ${address ?? 'unknown'}` };
  });
}

/** The pod on one node reaches the one on another by its address. */
function podToPod({ master }, from, to) {
  return check('pod to pod', from.name, async () => {
    const [asking, asked] = [await podOn(master, from.name), await podOn(master, to.name)];
    const address = asked.status.podIP;
    const answer = await inPod(master, asking, [...FETCH, `http://${address}:${PORT}/`]);
    if (answer === greeting(asked)) return { ok: true, text: `${address} on ${to.name}` };
    return { ok: false, text: `${address} answers: ${answer}` };
  });
}

/** A pod on this node reaches a Service by its name, and through it the pods of all nodes. */
function serviceByName({ master }, { name }, nodes) {
  return check('Service by name', name, async () => {
    const asking = await podOn(master, name);
    const fetch = `busybox ${FETCH.join(' ')} http://${NAME}`;
    const ask = `n=0; while [ $n -lt ${TRIES} ]; do ${fetch}; n=$((n+1)); done`;
    const answers = new Set((await inPod(master, asking, ['sh', '-c', ask])).split('\n'));
    const all = await Promise.all(nodes.map((node) => podOn(master, node.name)));
    const reached = all.filter((pod) => answers.has(greeting(pod)));
    const text = `http://${NAME}: ${reached.length} of ${all.length} pods answer`;
    return { ok: reached.length === all.length, text };
  });
}

const greeting = (pod) => `${pod.metadata.name} on ${pod.spec.nodeName}`;

/** The demo's ready pod on a node. Throws when there is none. */
async function podOn(master, node) {
  const pods = await kubectlJson(master, 'get', 'pods', '-n', NAMESPACE, '-l', `app=${NAME}`);
  const found = pods.items.find((pod) => pod.spec.nodeName === node && isTrue(pod, 'Ready'));
  if (found === undefined) throw new Error(`no ready pod on ${node}`);
  return found;
}

const inPod = (master, pod, argv) =>
  kubectl(master, 'exec', '-n', NAMESPACE, pod.metadata.name, '--', 'busybox', ...argv);

/** Everything that the demo claims, in the order of its table. */
export function allChecks(cluster, version) {
  const { machines } = cluster;
  const nodes = machines.filter(({ role }) => role === 'node');
  const next = (index) => nodes[(index + 1) % nodes.length];
  return [
    ...machines.map((machine) => nodeReady(cluster, machine, version)),
    ...machines.map((machine) => systemContainers(cluster, machine)),
    ...nodes.map((node) => coreDns(cluster, node)),
    ...nodes.map((node, index) => podToPod(cluster, node, next(index))),
    ...nodes.map((node) => serviceByName(cluster, node, nodes)),
  ];
}
