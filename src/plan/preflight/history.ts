import { systemImages } from '../../bundle/select.ts';
import { INITIALISED, JOINED } from '../../cluster/paths.ts';
import { isInstalled, systemContainerName } from '../../phases/system-containers.ts';
import { type Check, error } from './problem.ts';

/** A machine in one cluster is not taken into another. */
export const membership: Check = ({ facts, machine, ledger }, { cluster, leader }) => {
  const own = facts.clusterCa;
  const done = facts.present.has(JOINED) || facts.present.has(INITIALISED);
  if (ledger && ledger.cluster !== cluster.name) {
    return [
      error(
        `it belongs to the cluster ${ledger.cluster}`,
        `kboot reset ${machine.name} with that cluster's kboot.yaml`,
      ),
    ];
  }
  if (ledger && ledger.role !== machine.role) {
    return [error(`it was set up as a ${ledger.role}`, `kboot reset ${machine.name}, then join it again`)];
  }
  if (!ledger && (own !== undefined || facts.present.has('/etc/kubernetes/kubelet.conf'))) {
    return [
      error(
        'it belongs to a cluster that kboot did not make',
        'take it out of that cluster first (kubeadm reset)',
      ),
    ];
  }
  if (machine.role === 'node' && done && own !== leader.facts.clusterCa) {
    return [
      error(
        `it belongs to another cluster than ${leader.machine.name}`,
        `kboot reset ${machine.name}, then join it again`,
      ),
    ];
  }
  return [];
};

/** Replacing a running container by another build is an update, which init and join do not do on the side. */
export const builds: Check = (state, _clusterState, bundle) =>
  systemImages(bundle.lock, state.machine.role)
    .map(systemContainerName)
    .filter((name) => state.containers.some((container) => container.name === name))
    .filter((name) => !isInstalled(state, name, bundle))
    .map((name) =>
      error(
        `${name} was installed from another build than ${bundle.dir}`,
        `kboot containers update ${name} --host ${state.machine.name}, or name the bundle it is from (bundle.path in kboot.yaml)`,
      ),
    );

/** Data of another etcd or kubelet would become the new cluster's, and reset could not tell whose it is. */
export const foreignData: Check = ({ facts, machine, ledger }) => {
  if (ledger) return [];
  const paths = ['/var/lib/kubelet', ...(machine.role === 'master' ? ['/var/lib/etcd'] : [])];
  return paths
    .filter((path) => facts.present.has(path) && !facts.empty.has(path))
    .map((path) =>
      error(
        `${path} holds data that is not from kboot`,
        `keep it elsewhere (mv ${path} ${path}.old), or empty it`,
      ),
    );
};

/** What was done to the machine before. */
export const HISTORY_CHECKS = [membership, builds, foreignData];
