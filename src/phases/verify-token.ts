import { INITIALISED } from '../cluster/paths.ts';
import { kubeadmInit } from './kubeadm-init.ts';
import { isLeader, no, type Phase, yes } from './phase.ts';
import { verifyCluster } from './verify-cluster.ts';

/** The first master asks the endpoint who it is, right after kubeadm init. */
export const verifyToken: Phase = {
  id: 'verify-token',
  title: 'Verify the join token',
  on: isLeader,
  after: [kubeadmInit],
  decide: ({ facts }) =>
    facts.present.has(INITIALISED) ? no('the control plane was initialised') : yes('kubeadm init makes one'),
  check: true,
  run: (context) => verifyCluster(context, context.resultOf(kubeadmInit)),
};
