import { script } from '../host/command.ts';
import type { Host } from '../host/host.ts';
import { unitName } from './paths.ts';

/** Starts a unit; when that fails, the last lines of its journal become the error's. */
const START = `
for unit do
  if ! systemctl start "$unit"; then
    journalctl -u "$unit" -n 10 --no-pager -o cat >&2 || true
    echo "$unit did not start" >&2
    exit 1
  fi
done
`;

/** Starts an installed container; one that runs is left alone. Throws COMMAND_FAILED. */
export async function startSystemContainer(host: Host, name: string, signal?: AbortSignal): Promise<void> {
  await host.change({ ...script(START, unitName(name)), sudo: true }, signal);
}

/** Enables and starts units of the host. Throws COMMAND_FAILED. */
export async function startUnits(host: Host, units: readonly string[], signal?: AbortSignal): Promise<void> {
  await host.change({ ...script(`systemctl --quiet enable "$@"\n${START}`, ...units), sudo: true }, signal);
}
