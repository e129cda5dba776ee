import type { Host } from '../../host/host.ts';
import { remoteScript } from '../../host/remote-script.ts';
import { unitName } from '../machine/paths.ts';
import { requireListed } from './installed.ts';

export interface JournalOptions {
  /** How many lines, from the end. */
  readonly lines: number;
  /** As journalctl takes it: `-1h`, `today`. */
  readonly since?: string | undefined;
  readonly signal?: AbortSignal;
}

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
    { ...remoteScript('system-container/read-journal', String(lines), since, ...units), sudo: true },
    signal,
  );
  return stdout;
}
