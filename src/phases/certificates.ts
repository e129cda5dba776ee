import { INITIALISED, PKI, PKI_NEW, PKI_OLD, RUN_DIR } from '../cluster/paths.ts';
import { script } from '../host/command.ts';
import { certificatesConfig } from '../kubeadm/config.ts';
import { kubelet } from './kubelet.ts';
import { isLeader, no, type Phase, yes } from './phase.ts';
import { clusterSettings, machineSettings } from './settings.ts';

/**
 * kubeadm reads its configuration from stdin through a root-only file, and keeps what exists. It does not wait until
 * what it writes is on the disk, and after a power cut it would neither use nor replace empty files: so it works in a
 * copy, which takes the place of the directory once it is whole.
 */
const MAKE = `
umask 077
pki=${PKI} new=${PKI_NEW} old=${PKI_OLD}
mkdir -p ${RUN_DIR} "\${pki%/*}"
config=${RUN_DIR}/certificates.yaml
trap 'rm -f "$config"' EXIT
cat > "$config"
if [ ! -e "$pki" ] && [ -e "$old" ]; then mv -T "$old" "$pki"; fi
rm -rf "$new" "$old"
if [ -e "$pki" ]; then cp -a "$pki" "$new"; fi
kubeadm init phase certs all --config "$config"
names() { (cd "$1" && find . | sort); }
if [ -e "$pki" ] && [ "$(names "$pki")" = "$(names "$new")" ]; then
  rm -rf "$new"
  exit
fi
sync -f "$new"
if [ -e "$pki" ]; then mv -T "$pki" "$old"; fi
mv -T "$new" "$pki"
rm -rf "$old"
sync -f "\${pki%/*}"
`;

/** kubeadm makes every certificate, etcd's included. */
export const certificates: Phase = {
  id: 'certificates',
  title: 'Make the certificates',
  on: isLeader,
  after: [kubelet],
  decide: ({ facts }) =>
    facts.present.has(INITIALISED) ? no('the cluster has them') : yes('the cluster has none yet'),
  async run({ cluster, bundle, host, state, clusterState, signal }) {
    const stdin = certificatesConfig(
      clusterSettings(cluster, bundle, clusterState.states),
      machineSettings(state, cluster),
    );
    await host.change({ ...script(MAKE), stdin, sudo: true }, signal);
  },
};
