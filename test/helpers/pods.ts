import { defaultBundle, kubectl } from './cluster.ts';

/** What a test pod has besides its program. */
export interface PodOptions {
  readonly node: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly volumes?: readonly object[];
  readonly mounts?: readonly object[];
  /** Shell text; default: serve the pod's own name on port 8080. */
  readonly run?: string;
}

const SERVE =
  'mkdir /tmp/www && cp /etc/hostname /tmp/www/index.html && echo ready && exec busybox httpd -f -p 8080 -h /tmp/www';

/** The image of the bundle that every machine has and which holds a shell and kubectl: nothing can be pulled here. */
export async function shellImage(): Promise<string> {
  const { lock } = await defaultBundle();
  const image = lock.images.find(({ name }) => name.includes('/kube-proxy:'));
  if (!image) throw new Error('the bundle has no kube-proxy');
  return image.name;
}

/** A container that runs shell text. */
export async function shellContainer(run: string, mounts: readonly object[] = []) {
  return {
    name: 'shell',
    image: await shellImage(),
    imagePullPolicy: 'Never',
    command: ['/usr/bin/sh', '-c', run],
    volumeMounts: mounts,
  };
}

/** A pod on one node, as an object. */
export async function pod(name: string, { node, labels, volumes, mounts, run = SERVE }: PodOptions) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 0,
      containers: [await shellContainer(run, mounts)],
      volumes,
    },
  };
}

/** Creates objects and, for pods, waits until they are ready. */
export async function create(folder: string, ...objects: readonly { kind: string }[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  const names = await kubectl(folder, ['apply', '-f', '-', '-o', 'name'], JSON.stringify(list));
  const pods = names.split('\n').filter((name) => name.startsWith('pod/'));
  if (pods.length > 0) await kubectl(folder, ['wait', '--for=condition=Ready', '--timeout=120s', ...pods]);
}

/** Runs shell text in a pod. */
export const inPod = (folder: string, name: string, text: string): Promise<string> =>
  kubectl(folder, ['exec', name, '--', 'sh', '-c', text]);

/** Asks for a page from inside a pod, with a client that looks names up as a program does (busybox cannot). */
export const fetchInPod = async (folder: string, name: string, host: string): Promise<string> =>
  (await inPod(folder, name, `HOME=/tmp kubectl --server=http://${host} get --raw /`)).trim();
