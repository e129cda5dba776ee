import { waitFor } from './kubectl.ts';
import { isFirstMaster, isNode, type Phase, yes } from './phase.ts';

/** Waits until the cluster is of use: the master is Ready and CoreDNS answers. */
export const clusterReady: Phase = {
  id: 'cluster-ready',
  title: 'Wait for the node and CoreDNS',
  on: isFirstMaster,
  after: ['kubeadm-init', 'flannel', 'import-rest'],
  check: true,
  decide: () => yes('it is asked every time'),
  async run({ host, subject, signal }) {
    const { name } = subject.machine;
    await waitFor(
      host,
      { event: 'condition=Ready', object: `node/${name}`, what: `${name} is Ready` },
      signal,
    );
    await waitFor(
      host,
      {
        event: 'condition=Available',
        object: 'deployment/coredns',
        namespace: 'kube-system',
        what: 'CoreDNS is available',
      },
      signal,
    );
  },
};

/** Waits until the node that joined takes pods. */
export const nodeReady: Phase = {
  id: 'node-ready',
  title: 'Wait for the node',
  on: isNode,
  after: ['kubeadm-join', 'import-rest'],
  check: true,
  decide: () => yes('it is asked every time'),
  async run({ master, subject, signal }) {
    const { name } = subject.machine;
    // kubeadm join ends when the kubelet has its certificate; the kubelet then registers the node.
    await waitFor(
      master,
      { event: 'create', object: `node/${name}`, what: `${name} registers itself` },
      signal,
    );
    await waitFor(
      master,
      { event: 'condition=Ready', object: `node/${name}`, what: `${name} is Ready` },
      signal,
    );
  },
};
