import { waitForCondition } from './kubectl.ts';
import { isFirstMaster, isNode, type Phase, yes } from './phase.ts';

const READY_TIMEOUT_MS = 300_000;

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
    await waitForCondition(
      host,
      { condition: 'Ready', object: `node/${name}`, what: `${name} is Ready` },
      READY_TIMEOUT_MS,
      signal,
    );
    await waitForCondition(
      host,
      {
        condition: 'Available',
        object: 'deployment/coredns',
        namespace: 'kube-system',
        what: 'CoreDNS is available',
      },
      READY_TIMEOUT_MS,
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
    await waitForCondition(
      master,
      { condition: 'Ready', object: `node/${name}`, what: `${name} is Ready` },
      READY_TIMEOUT_MS,
      signal,
    );
  },
};
