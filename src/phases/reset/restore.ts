import { COMPONENT_NAMES, isComponent } from '../../cluster/components.ts';
import { uninstallSystemContainer } from '../../system-container/index.ts';
import { everywhere, type Phase } from '../phase.ts';
import { putBack } from '../put-back.ts';
import { wasChanged, wasInCluster } from './changed.ts';
import { cleanNetwork } from './network.ts';

/** Uninstalls the system containers: kubelet and etcd before the runtime that runs them. */
export const uninstall: Phase = {
  id: 'uninstall',
  title: 'Uninstall the system containers',
  on: everywhere,
  after: [cleanNetwork],
  decide: wasChanged,
  async run({ host, state, signal, warn }) {
    // The cluster's by name, whatever is listed: an install that was cut off may have left something unlisted. The
    // runtime goes last, because the others need it to stop.
    const others = state.containers.map(({ name }) => name.replace(/\.[01]$/, ''));
    const names = new Set([...others.filter((name) => !isComponent(name)), ...COMPONENT_NAMES.toReversed()]);
    for (const name of names) {
      const { kept } = await uninstallSystemContainer(host, name, signal);
      for (const path of kept) warn(`${path} was changed after the installation and is left as it is`);
    }
  },
};

/** Puts folders, kernel settings and modules back to what the ledger says, and the ledger itself last. */
export const restore: Phase = {
  id: 'restore',
  title: 'Put back what was there before',
  on: everywhere,
  after: [uninstall],
  decide: wasInCluster,
  async run({ host, state, signal, warn }) {
    if (!state.ledger) return;
    for (const note of await putBack(host, state.ledger, signal)) warn(note);
  },
};
