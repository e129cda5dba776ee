import { INITIALISED, RUN_DIR } from '../facts/paths.ts';
import { script } from '../host/command.ts';
import { certificatesConfig } from '../kubeadm/config.ts';
import { isFirstMaster, no, type Phase, yes } from './phase.ts';
import { clusterSettings, machineSettings } from './settings.ts';

/** kubeadm reads its configuration from stdin through a root-only file, and keeps what exists. */
const MAKE = `
umask 077
mkdir -p ${RUN_DIR}
config=${RUN_DIR}/certificates.yaml
trap 'rm -f "$config"' EXIT
cat > "$config"
kubeadm init phase certs all --config "$config"
`;

/** kubeadm makes every certificate, etcd's included. */
export const certificates: Phase = {
  id: 'certificates',
  title: 'Make the certificates',
  on: isFirstMaster,
  after: ['kubelet'],
  decide: ({ facts }) =>
    facts.present.has(INITIALISED) ? no('the cluster has them') : yes('the cluster has none yet'),
  async run({ cluster, bundle, host, subject, situation, signal }) {
    const stdin = certificatesConfig(
      clusterSettings(cluster, bundle, situation.subjects),
      machineSettings(subject, cluster),
    );
    await host.change({ ...script(MAKE), stdin, sudo: true }, signal);
  },
};
