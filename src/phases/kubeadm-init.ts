import { INITIALISED, RUN_DIR } from '../cluster/paths.ts';
import { API_PORT, CONTROLLER_MANAGER_PORT, KUBELET_PORT, SCHEDULER_PORT } from '../cluster/ports.ts';
import { clientUrl } from '../etcd/values.ts';
import { caHashesOf } from '../kubeadm/ca.ts';
import { initConfig } from '../kubeadm/config.ts';
import { parseJoinCommand } from '../kubeadm/output.ts';
import { COREDNS_PATCH } from '../kubeadm/patches.ts';
import { newToken, TOKEN_DESCRIPTION, TOKEN_TTL } from '../kubeadm/token.ts';
import { KbootError } from '../lib/errors.ts';
import { etcdStart } from './etcd.ts';
import { importFirst } from './import.ts';
import type { JoinTrust } from './join-trust.ts';
import { isLeader, no, type Phase, type PhaseContext, yes } from './phase.ts';
import { recordFirewall } from './record-firewall.ts';
import { writeRunFiles } from './run-files.ts';
import { runKubeadm } from './run-kubeadm.ts';
import { clusterSettings, machineSettings } from './settings.ts';

const CONFIG = `${RUN_DIR}/init.yaml`;
const PATCHES = `${RUN_DIR}/init-patches`;

/** What an interrupted `kubeadm init` leaves behind and the next one would complain about. */
const LEFT_BY_A_FORMER_TRY = [
  ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(
    (name) => `FileAvailable--etc-kubernetes-manifests-${name}.yaml`,
  ),
  ...[API_PORT, SCHEDULER_PORT, CONTROLLER_MANAGER_PORT, KUBELET_PORT].map((port) => `Port-${port}`),
];

/** What a try that ended half-way has made, if it came as far as the control plane. */
const TRACES = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(
  (name) => `/etc/kubernetes/manifests/${name}.yaml`,
);

async function prepare(
  { cluster, bundle, state, clusterState, host, signal }: PhaseContext,
  again: boolean,
): Promise<void> {
  const config = initConfig(
    clusterSettings(cluster, bundle, clusterState.states),
    machineSettings(state, cluster),
    {
      token: newToken().value,
      tokenTtl: TOKEN_TTL,
      description: TOKEN_DESCRIPTION,
      workloads: state.machine.workloads,
      etcdEndpoints: clusterState.masters.map(({ address }) => clientUrl(address)),
      conntrackMaxWritable: state.facts.conntrackMaxWritable,
      ignorePreflightErrors: again ? LEFT_BY_A_FORMER_TRY : [],
      patches: PATCHES,
    },
  );
  await writeRunFiles(host, CONFIG, config, PATCHES, COREDNS_PATCH, signal);
}

/** kubeadm sets the control plane up. The token that it prints is captured, and must be good. */
export const kubeadmInit: Phase<JoinTrust> = {
  id: 'kubeadm-init',
  title: 'Initialise the control plane',
  on: isLeader,
  after: [etcdStart, importFirst, recordFirewall],
  decide: ({ facts }) =>
    facts.present.has(INITIALISED)
      ? no('the control plane was initialised')
      : yes('there is no control plane yet'),
  async run(context) {
    const { host, state, cluster, signal } = context;
    const output = await runKubeadm(context, {
      verb: 'init',
      config: CONFIG,
      marker: INITIALISED,
      traces: TRACES,
      prepare: (again) => prepare(context, again),
    });
    const printed = parseJoinCommand(output);
    const caCertHashes = await caHashesOf(host, signal);
    if (!caCertHashes.includes(printed.caCertHash) || printed.endpoint !== cluster.endpoint) {
      throw new KbootError(
        'TRUST_FAILED',
        `${state.machine.name}: kubeadm printed another cluster's join command`,
        {
          host: state.machine.name,
          hint: `it names ${printed.endpoint}, kboot.yaml ${cluster.endpoint}: run kboot reset, then kboot init again`,
        },
      );
    }
    return { token: async () => printed.token, caCertHashes };
  },
};
