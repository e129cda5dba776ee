import { script } from '../../host/command.ts';
import type { Host } from '../../host/host.ts';
import { unitName } from '../machine/paths.ts';
import { requireListed } from './installed.ts';

export interface JournalOptions {
  /** How many lines, from the end. */
  readonly lines: number;
  /** As journalctl takes it: `-1h`, `today`. */
  readonly since?: string | undefined;
  readonly signal?: AbortSignal;
}

/** $1 lines, $2 since or ``; then units. */
const READ = `
lines=$1 since=$2
shift 2
for unit do set -- "$@" -u "$unit"; shift; done
if [ -n "$since" ]; then set -- "$@" "--since=$since"; fi
journalctl --no-pager --output=short-iso --lines="$lines" "$@"
`;

/**
 * What a container's service has written to the journal; of an image without a service, what the units that it
 * brought have. Throws REFUSED when it is not installed.
 */
export async function readJournal(
  host: Host,
  name: string,
  { lines, since = '', signal }: JournalOptions,
): Promise<string> {
  const { info } = await requireListed(host, name, signal);
  const own = info['has-container-service'] ? [unitName(name)] : [];
  const units = [...own, ...info.units.map((path) => path.slice(path.lastIndexOf('/') + 1))];
  if (units.length === 0) return '';
  const { stdout } = await host.query(
    { ...script(READ, String(lines), since, ...units), sudo: true },
    signal,
  );
  return stdout;
}
