import { isMap, isSeq, parseAllDocuments, stringify } from 'yaml';
import { KbootError } from '../lib/errors.ts';

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
 * the node is Ready before flanneld is, the first sandboxes fail and the kubelet backs off for 11 s (stack.md,
 * section 6). The temporary name has no .conflist ending, so containerd does not read half a file.
 */
const WRITE_CONFLIST = [
  `until [ -s ${SUBNET_FILE} ]; do sleep 0.1; done`,
  `cp ${CNI_CONF} ${CONFLIST}.new`,
  `mv ${CONFLIST}.new ${CONFLIST}`,
].join('; ');

/** The flannel CNI plugin of containernetworking/plugins speaks 0.4.0 at most; newer plugins speak it too. */
const CNI_VERSION = '0.4.0';

interface Mount {
  readonly name: string;
  readonly mountPath: string;
}
interface Container {
  name: string;
  args?: string[];
  env?: object[];
  lifecycle?: object;
  volumeMounts: Mount[];
}
interface PodSpec {
  initContainers?: Container[];
  containers: Container[];
}
interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  data?: Record<string, string>;
  spec?: { template: { spec: PodSpec } };
}

const unexpected = (what: string): KbootError =>
  new KbootError('BUNDLE_INVALID', `the bundle's flannel manifest is not as expected: ${what}`);

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

/**
 * The plugin's binary comes with node-runtime and the conflist is written by the daemon's own container, so no
 * init container is left. flanneld takes the address that the kubelet registered instead of guessing one, and
 * asks the API by its endpoint: the address of the service `kubernetes` works only once kube-proxy does, and a
 * flanneld that comes first would end and wait for its next try.
 */
function configureDaemon(spec: PodSpec, endpoint: string): PodSpec {
  const daemon = spec.containers.find(({ name }) => name === 'kube-flannel');
  const cni = spec.initContainers
    ?.flatMap(({ volumeMounts }) => volumeMounts)
    .find(({ mountPath }) => mountPath === '/etc/cni/net.d');
  if (!daemon) throw unexpected('no container kube-flannel');
  if (!cni) throw unexpected('nothing mounts /etc/cni/net.d');
  const { initContainers: _dropped, ...rest } = spec;
  const changed: Container = {
    ...daemon,
    args: [...(daemon.args ?? []), '--iface=$(HOST_IP)'],
    env: [
      ...(daemon.env ?? []),
      { name: 'KUBERNETES_SERVICE_HOST', value: endpoint.replace(/:\d+$/, '') },
      { name: 'KUBERNETES_SERVICE_PORT', value: endpoint.replace(/^.*:/, '') },
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
  const documents = parseAllDocuments(release);
  if (documents.some(({ contents }) => !isMap(contents) || isSeq(contents)))
    throw unexpected('not YAML objects');
  const resources = documents.map((document) => document.toJS() as Resource);
  const kinds = resources.map(({ kind }) => kind);
  for (const kind of ['ConfigMap', 'DaemonSet']) if (!kinds.includes(kind)) throw unexpected(`no ${kind}`);
  return resources
    .map((resource) => {
      if (resource.kind === 'ConfigMap')
        return { ...resource, data: configure(resource.data ?? {}, options) };
      if (resource.kind !== 'DaemonSet' || !resource.spec) return resource;
      const { template, ...spec } = resource.spec;
      return {
        ...resource,
        spec: { ...spec, template: { ...template, spec: configureDaemon(template.spec, options.endpoint) } },
      };
    })
    .map((resource) => stringify(resource, { lineWidth: 0 }))
    .join('---\n');
}
