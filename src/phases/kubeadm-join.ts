import { BOOTSTRAP_KUBELET_CONF, CA_CERTIFICATE, JOINED, KUBELET_CONF, RUN_DIR } from '../facts/paths.ts';
import { joinConfig, kubeletSettings } from '../kubeadm/config.ts';
import { kubeletPatch } from '../kubeadm/patches.ts';
import { kubeadmFailed } from './kubeadm-failed.ts';
import { isNode, no, type Phase, yes } from './phase.ts';
import { writeRunFiles } from './run-files.ts';
import { machineSettings } from './settings.ts';
import { formerTry, runTransient } from './transient.ts';

const CONFIG = `${RUN_DIR}/join.yaml`;
const PATCHES = `${RUN_DIR}/join-patches`;
const TIMEOUT_MS = 15 * 60 * 1000;

/** What an interrupted `kubeadm join` leaves behind and the next one would complain about. */
const LEFT_BY_A_FORMER_TRY = [
  'FileAvailable--etc-kubernetes-kubelet.conf',
  'FileAvailable--etc-kubernetes-bootstrap-kubelet.conf',
  'FileAvailable--etc-kubernetes-pki-ca.crt',
  'Port-10250',
];

/** What a try that ended half-way has made. */
const TRACES = [KUBELET_CONF, BOOTSTRAP_KUBELET_CONF, CA_CERTIFICATE];

const UNIT = { unit: 'kboot-kubeadm-join', marker: JOINED };

/** kubeadm makes the machine a node of the cluster. */
export const kubeadmJoin: Phase = {
  id: 'kubeadm-join',
  title: 'Join the cluster',
  on: isNode,
  after: ['trust', 'kubelet', 'import-first', 'record-firewall'],
  decide: ({ facts }) => (facts.present.has(JOINED) ? no('it has joined') : yes('it has not joined yet')),
  async run({ host, cluster, subject, shared, signal }) {
    const { token, caCertHashes } = shared.joinTrust.get();
    const machine = machineSettings(subject, cluster);
    const former = await formerTry(host, UNIT, TRACES, signal);
    if (former !== 'going') {
      const config = joinConfig(machine, {
        endpoint: cluster.endpoint,
        token: token.value,
        caCertHashes,
        ignorePreflightErrors: former === 'left' ? LEFT_BY_A_FORMER_TRY : [],
        patches: PATCHES,
      });
      await host.change({ argv: ['mkdir', '-p', '-m', '700', RUN_DIR, PATCHES], sudo: true }, signal);
      await writeRunFiles(host, CONFIG, config, PATCHES, kubeletPatch(kubeletSettings(machine)), signal);
    }
    const { output, exitCode } = await runTransient(
      host,
      { ...UNIT, argv: ['kubeadm', 'join', '--config', CONFIG], timeoutMs: TIMEOUT_MS },
      signal,
    );
    if (exitCode !== 0) throw kubeadmFailed(subject.machine.name, 'join', output);
  },
};
