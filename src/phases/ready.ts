import { flannel } from './flannel.ts';
import { importRest } from './import.ts';
import { kubeadmInit } from './kubeadm-init.ts';
import { kubeadmJoin } from './kubeadm-join.ts';
import { waitFor } from './kubectl.ts';
import { isLeader, isNode, type Phase, yes } from './phase.ts';

/** Waits until the cluster is of use: the master is Ready and CoreDNS answers. */
export const clusterReady: Phase = {
  id: 'cluster-ready',
  title: 'Wait for the node and CoreDNS',
  on: isLeader,
  after: [kubeadmInit, flannel, importRest],
  check: true,
  decide: () => yes('it is asked every time'),
  async run(context) {
    const { name } = context.state.machine;
    const coredns = { object: 'deployment/coredns', namespace: 'kube-system' };
    await waitFor(context, { event: 'condition=Ready', object: `node/${name}`, what: `${name} is Ready` });
    await waitFor(context, { event: 'condition=Available', ...coredns, what: 'CoreDNS is available' });
  },
};

/** Waits until the node that joined takes pods. */
export const nodeReady: Phase = {
  id: 'node-ready',
  title: 'Wait for the node',
  on: isNode,
  after: [kubeadmJoin, importRest],
  check: true,
  decide: () => yes('it is asked every time'),
  async run(context) {
    const { name } = context.state.machine;
    const object = `node/${name}`;
    // kubeadm join ends when the kubelet has its certificate; the kubelet then registers the node.
    await waitFor(context, { event: 'create', object, what: `${name} registers itself` });
    await waitFor(context, { event: 'condition=Ready', object, what: `${name} is Ready` });
  },
};
