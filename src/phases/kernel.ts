import { remoteScript } from '../host/remote-script.ts';
import { baseline } from './baseline.ts';
import { modulesToLoad } from './modules.ts';
import { everywhere, no, type Phase, yes } from './phase.ts';
import { trust } from './trust.ts';

/** Files that make the settings come back at boot. */
export const SYSCTL_FILE = '/etc/sysctl.d/90-kboot.conf';
export const MODULES_FILE = '/etc/modules-load.d/kboot.conf';

/** Lets packets be forwarded, and loads the kernel modules that containers need. */
export const kernel: Phase = {
  id: 'kernel',
  title: 'Prepare the kernel',
  on: everywhere,
  after: [baseline, trust],
  decide: ({ facts }) => {
    const modules = modulesToLoad(facts);
    if (!facts.ipForward) return yes('net.ipv4.ip_forward is 0');
    return modules.length > 0
      ? yes(`not loaded: ${modules.join(', ')}`)
      : no('it forwards packets and has its modules');
  },
  async run({ host, state, signal }) {
    const modules = modulesToLoad(state.facts);
    if (modules.length > 0) await host.writeFile(MODULES_FILE, `${modules.join('\n')}\n`, 0o644, signal);
    if (!state.facts.ipForward) await host.writeFile(SYSCTL_FILE, 'net.ipv4.ip_forward = 1\n', 0o644, signal);
    await host.change(
      {
        ...remoteScript('phases/prepare-kernel', state.facts.ipForward ? '1' : '0', modules.join(' ')),
        sudo: true,
      },
      signal,
    );
  },
};
