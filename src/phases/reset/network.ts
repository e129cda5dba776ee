import { script } from '../../host/command.ts';
import { CLEAN_FIREWALL } from '../firewall.ts';
import { everywhere, type Phase } from '../phase.ts';
import { wasInCluster } from './changed.ts';
import { stopCluster } from './stop.ts';

/** Links that flannel and the bridge plugin make. */
const LINKS = ['cni0', 'flannel.1'];

const DELETE_LINKS = `
for link in "$@"; do
  ip link show "$link" >/dev/null 2>&1 && ip link delete "$link"
done
true
`;

/** Takes the cluster's links and firewall rules away, and nobody else's. */
export const cleanNetwork: Phase = {
  id: 'clean-network',
  title: 'Remove its links and firewall rules',
  on: everywhere,
  after: [stopCluster],
  decide: wasInCluster,
  async run({ host, state, signal }) {
    const links = LINKS.filter((link) => !state.ledger?.links.includes(link));
    await host.change({ ...script(DELETE_LINKS, ...links), sudo: true }, signal);
    await host.change({ ...script(CLEAN_FIREWALL), sudo: true }, signal);
  },
};
