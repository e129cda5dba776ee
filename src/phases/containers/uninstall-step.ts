import { isComponent } from '../../cluster/components.ts';
import { KbootError } from '../../lib/errors.ts';
import { type UninstallResult, uninstallSystemContainer } from '../../system-container/index.ts';
import { everywhere, no, type Phase, yes } from '../phase.ts';
import { has } from './step.ts';

/** Uninstalls a container. */
export function uninstallStep(name: string, force: boolean): Phase<UninstallResult> {
  return {
    id: 'uninstall-container',
    title: `Uninstall ${name}`,
    on: everywhere,
    after: [],
    // A container whose link is lost is listed by its folders.
    decide: (state) =>
      [name, `${name}.0`, `${name}.1`].some((folder) => has(folder, state))
        ? yes(`${name} is installed`)
        : no(`${name} is not installed`),
    async run({ host, state, signal }) {
      if (state.ledger && isComponent(name) && !force) {
        throw new KbootError('REFUSED', `${host.name}: the cluster on it cannot do without ${name}`, {
          host: host.name,
          hint: 'kboot reset takes a machine out of its cluster; --force uninstalls it all the same',
        });
      }
      return uninstallSystemContainer(host, name, signal);
    },
  };
}
