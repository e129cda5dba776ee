/** Namespace of what the demo runs in the cluster. */
export const NAMESPACE = 'demo';

/** Name of the DaemonSet, of its pods' label and of the Service. */
export const NAME = 'hello';

/** Port that the pods listen on. */
export const PORT = 8080;

/** A web server that says which pod it is and on which machine. */
const SERVE = [
  'mkdir -p /tmp/www',
  'echo "$POD on $NODE" > /tmp/www/index.html',
  `exec busybox httpd -f -p ${PORT} -h /tmp/www`,
].join('\n');

const fromField = (name, fieldPath) => ({ name, valueFrom: { fieldRef: { fieldPath } } });

/**
 * A web server on each node and a Service in front of them. `image` is one that every node has and that holds
 * busybox; nothing is pulled.
 */
export function workload(image) {
  const labels = { app: NAME };
  const container = {
    name: NAME,
    image,
    imagePullPolicy: 'Never',
    command: ['/usr/bin/busybox', 'sh', '-c', SERVE],
    env: [fromField('POD', 'metadata.name'), fromField('NODE', 'spec.nodeName')],
    ports: [{ containerPort: PORT }],
    readinessProbe: { httpGet: { path: '/', port: PORT }, periodSeconds: 1 },
  };
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
      {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name: NAME, namespace: NAMESPACE },
        spec: {
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: { terminationGracePeriodSeconds: 0, containers: [container] },
          },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: NAME, namespace: NAMESPACE },
        spec: { selector: labels, ports: [{ port: 80, targetPort: PORT }] },
      },
    ],
  };
}

/** The image of the bundle that every node has and that holds busybox. Throws when the bundle has none. */
export function imageWithBusybox(lock) {
  const found = lock.images.find(({ name }) => name.includes('/kube-proxy:'));
  if (found === undefined) throw new Error('the bundle has no image of kube-proxy');
  return found.name;
}
