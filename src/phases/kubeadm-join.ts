import { BOOTSTRAP_KUBELET_CONF, CA_CERTIFICATE, JOINED, KUBELET_CONF, RUN_DIR } from '../cluster/paths.ts';
import { KUBELET_PORT } from '../cluster/ports.ts';
import { joinConfig, kubeletSettings } from '../kubeadm/config.ts';
import { kubeletPatch } from '../kubeadm/patches.ts';
import { importFirst } from './import.ts';
import { joinToken } from './join-token.ts';
import { kubelet } from './kubelet.ts';
import { isNode, no, type Phase, yes } from './phase.ts';
import { recordFirewall } from './record-firewall.ts';
import { writeRunFiles } from './run-files.ts';
import { runKubeadm } from './run-kubeadm.ts';
import { machineSettings } from './settings.ts';
import { trust } from './trust.ts';

const CONFIG = `${RUN_DIR}/join.yaml`;
const PATCHES = `${RUN_DIR}/join-patches`;

/** The kubelet's configuration names it on every machine; kubeadm makes it on masters only, upstream's packages everywhere. */
const STATIC_PODS = '/etc/kubernetes/manifests';

/** What an interrupted `kubeadm join` leaves behind and the next one would complain about. */
const LEFT_BY_A_FORMER_TRY = [
  'FileAvailable--etc-kubernetes-kubelet.conf',
  'FileAvailable--etc-kubernetes-bootstrap-kubelet.conf',
  'FileAvailable--etc-kubernetes-pki-ca.crt',
  `Port-${KUBELET_PORT}`,
];

/** What a try that ended half-way has made. */
const TRACES = [KUBELET_CONF, BOOTSTRAP_KUBELET_CONF, CA_CERTIFICATE];

/** kubeadm makes the machine a node of the cluster. */
export const kubeadmJoin: Phase = {
  id: 'kubeadm-join',
  title: 'Join the cluster',
  on: isNode,
  after: [trust, kubelet, importFirst, recordFirewall],
  decide: ({ facts }) => (facts.present.has(JOINED) ? no('it has joined') : yes('it has not joined yet')),
  async run(context) {
    const { host, cluster, state, signal } = context;
    const { token, caCertHashes } = context.resultOf(joinToken);
    const machine = machineSettings(state, cluster);
    const prepare = async (again: boolean) => {
      const config = joinConfig(machine, {
        endpoint: cluster.endpoint,
        token: (await token(signal)).value,
        caCertHashes,
        ignorePreflightErrors: again ? LEFT_BY_A_FORMER_TRY : [],
        patches: PATCHES,
        waitMs: cluster.waitMs,
      });
      await host.change(
        { argv: ['mkdir', '-p', '-m', '700', RUN_DIR, PATCHES, STATIC_PODS], sudo: true },
        signal,
      );
      await writeRunFiles(host, CONFIG, config, PATCHES, kubeletPatch(kubeletSettings(machine)), signal);
    };
    await runKubeadm(context, { verb: 'join', config: CONFIG, marker: JOINED, traces: TRACES, prepare });
  },
};
