import { stringify } from 'yaml';
import { z } from 'zod';
import { FLANNEL_HEALTHZ_PORT } from '../cluster/ports.ts';
import { endpointParts } from '../config/endpoint.ts';
import { KbootError, messageOf } from '../lib/errors.ts';
import { readForeignYaml } from '../lib/yaml.ts';

export interface FlannelOptions {
  /** The cluster's pod network in CIDR notation. */
  readonly pods: string;
  readonly backend: 'vxlan' | 'host-gw';
  /** `host:port` of the API. */
  readonly endpoint: string;
}

/** Where flanneld and the CNI plugin of the release manifest expect their files. */
const SUBNET_FILE = '/run/flannel/subnet.env';
const CONFLIST = '/etc/cni/net.d/10-flannel.conflist';
const CNI_CONF = '/etc/kube-flannel/cni-conf.json';

/**
 * Writes the conflist only when flanneld has its subnet. The release manifest lets an init container write it:
 * the node is Ready before flanneld is, the first sandboxes fail and the kubelet backs off for 11 s. The temporary name has no .conflist ending, so containerd does not read half a file.
 */
const WRITE_CONFLIST = [
  `until [ -s ${SUBNET_FILE} ]; do sleep 0.1; done`,
  `cp ${CNI_CONF} ${CONFLIST}.new`,
  `mv ${CONFLIST}.new ${CONFLIST}`,
].join('; ');

/** The flannel CNI plugin of containernetworking/plugins speaks 0.4.0 at most; newer plugins speak it too. */
const CNI_VERSION = '0.4.0';

/**
 * Where flanneld tells that it is healthy. The release manifest has it on every address at 8081, a port that many
 * programs want; this is the number of vxlan's UDP port, of which TCP makes no use, and only the machine itself asks.
 */
const HEALTHZ = { ip: '127.0.0.1', port: FLANNEL_HEALTHZ_PORT } as const;

const Probe = z.looseObject({
  httpGet: z.looseObject({ port: z.union([z.string(), z.number()]) }).optional(),
});
const Container = z.looseObject({
  name: z.string(),
  args: z.array(z.string()).optional(),
  env: z.array(z.looseObject({})).optional(),
  ports: z.array(z.looseObject({ name: z.string().optional() })).optional(),
  livenessProbe: Probe.optional(),
  readinessProbe: Probe.optional(),
  volumeMounts: z.array(z.looseObject({ mountPath: z.string() })),
});
const PodSpec = z.looseObject({
  initContainers: z.array(Container).optional(),
  containers: z.array(Container),
});
/** What every object has. */
const Resource = z.looseObject({ kind: z.string() });
const ConfigMap = z.looseObject({ data: z.record(z.string(), z.string()) });
const DaemonSet = z.looseObject({ spec: z.looseObject({ template: z.looseObject({ spec: PodSpec }) }) });

type Probe = z.output<typeof Probe>;
type Container = z.output<typeof Container>;
type PodSpec = z.output<typeof PodSpec>;

const unexpected = (what: string, cause?: unknown): KbootError =>
  new KbootError('BUNDLE_INVALID', `the bundle's flannel manifest is not as expected: ${what}`, {
    cause,
    hint: 'build it again: kboot bundle build',
  });

/** Changes the two JSON texts of ConfigMap kube-flannel-cfg. */
function configure(data: Record<string, string>, { pods, backend }: FlannelOptions): Record<string, string> {
  const cni = JSON.parse(data['cni-conf.json'] ?? '{}') as object;
  const net = JSON.parse(data['net-conf.json'] ?? '{}') as object;
  return {
    ...data,
    'cni-conf.json': JSON.stringify({ ...cni, cniVersion: CNI_VERSION }),
    'net-conf.json': JSON.stringify({ ...net, Network: pods, Backend: { Type: backend } }),
  };
}

/** flanneld's arguments, ports and probes with the health check where HEALTHZ says. */
function configureHealth({ args = [], ports = [], livenessProbe, readinessProbe }: Container) {
  const moved = (probe: Probe | undefined): Probe | undefined =>
    probe?.httpGet?.port === 'healthz'
      ? { ...probe, httpGet: { ...probe.httpGet, host: HEALTHZ.ip, port: HEALTHZ.port } }
      : probe;
  const liveness = moved(livenessProbe);
  const readiness = moved(readinessProbe);
  return {
    args: [
      ...args.filter((arg) => !/^--healthz-(ip|port)=/.test(arg)),
      `--healthz-ip=${HEALTHZ.ip}`,
      `--healthz-port=${HEALTHZ.port}`,
    ],
    // The scheduler takes a port that is listed here as used on the machine's every address.
    ports: ports.filter(({ name }) => name !== 'healthz'),
    ...(liveness && { livenessProbe: liveness }),
    ...(readiness && { readinessProbe: readiness }),
  };
}

/**
 * The plugin's binary comes with node-runtime and the conflist is written by the daemon's own container, so no
 * init container is left. flanneld takes the address that the kubelet registered instead of guessing one, and
 * asks the API by its endpoint: the address of the service `kubernetes` works only once kube-proxy does, and a
 * flanneld that comes first would end and wait for its next try.
 */
function configureDaemon(spec: PodSpec, endpoint: string): PodSpec {
  const { host, port } = endpointParts(endpoint);
  const daemon = spec.containers.find(({ name }) => name === 'kube-flannel');
  const cni = spec.initContainers
    ?.flatMap(({ volumeMounts }) => volumeMounts)
    .find(({ mountPath }) => mountPath === '/etc/cni/net.d');
  if (!daemon) throw unexpected('no container kube-flannel');
  if (!cni) throw unexpected('nothing mounts /etc/cni/net.d');
  const { initContainers: _dropped, ...rest } = spec;
  const health = configureHealth(daemon);
  const changed: Container = {
    ...daemon,
    ...health,
    args: [...health.args, '--iface=$(HOST_IP)'],
    env: [
      ...(daemon.env ?? []),
      { name: 'KUBERNETES_SERVICE_HOST', value: host },
      { name: 'KUBERNETES_SERVICE_PORT', value: String(port) },
      { name: 'HOST_IP', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } },
    ],
    lifecycle: { postStart: { exec: { command: ['sh', '-c', WRITE_CONFLIST] } } },
    volumeMounts: [...daemon.volumeMounts, cni],
  };
  return {
    ...rest,
    containers: spec.containers.map((container) => (container === daemon ? changed : container)),
  };
}

/**
 * The release manifest of flannel, changed as objects for this cluster: network, backend, and the order in
 * which a node becomes Ready. Throws BUNDLE_INVALID when the manifest has not the shape that is known.
 */
export function flannelManifest(release: string, options: FlannelOptions): string {
  try {
    return changed(release, options);
  } catch (cause) {
    if (cause instanceof KbootError) throw cause;
    // Not of that shape, no YAML or JSON at all, or nested too deeply for the libraries that read and write it.
    throw unexpected(cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause), cause);
  }
}

function changed(release: string, options: FlannelOptions): string {
  const resources = readForeignYaml(release).map((resource) => Resource.parse(resource));
  const kinds = resources.map(({ kind }) => kind);
  for (const kind of ['ConfigMap', 'DaemonSet']) if (!kinds.includes(kind)) throw unexpected(`no ${kind}`);
  return resources
    .map((resource) => {
      if (resource.kind === 'ConfigMap') {
        const configMap = ConfigMap.parse(resource);
        return { ...configMap, data: configure(configMap.data, options) };
      }
      if (resource.kind !== 'DaemonSet') return resource;
      const daemonSet = DaemonSet.parse(resource);
      const { template, ...spec } = daemonSet.spec;
      return {
        ...daemonSet,
        spec: { ...spec, template: { ...template, spec: configureDaemon(template.spec, options.endpoint) } },
      };
    })
    .map((resource) => stringify(resource, { lineWidth: 0 }))
    .join('---\n');
}
