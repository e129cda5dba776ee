import { type Cluster, type Machine, machinesOf } from '../../config/cluster.ts';
import { KbootError } from '../../lib/errors.ts';
import { machinesNamed } from '../session/session.ts';

/** Which machines a verb is for. */
export interface HostFlags {
  readonly host: readonly string[];
  readonly allHosts: boolean;
}

/** What every verb takes that changes something. */
export interface ChangeFlags extends HostFlags {
  readonly dryRun: boolean;
  readonly json: boolean;
}

/**
 * The machines of a verb: those that `--host` names, or all. Without either a verb that only reads takes all, and one
 * that changes takes the only machine there is. Throws USAGE.
 */
export function chooseMachines(
  cluster: Cluster,
  { host, allHosts }: HostFlags,
  how: 'read' | 'change',
): readonly Machine[] {
  if (allHosts && host.length > 0) throw new KbootError('USAGE', '--host and --all-hosts exclude each other');
  if (host.length > 0) return machinesNamed(cluster, host);
  const all = machinesOf(cluster);
  if (allHosts || how === 'read' || all.length === 1) return all;
  throw new KbootError('USAGE', 'which machines?', {
    hint: `--host NAME, again for each, or --all-hosts; ${cluster.file} lists ${all.map(({ name }) => name).join(', ')}`,
  });
}

/** `--set K=V` as a map; the last of several wins. Throws USAGE. */
export function parseSettings(settings: readonly string[]): Readonly<Record<string, string>> {
  const entries = settings.map((setting) => {
    const at = setting.indexOf('=');
    if (at < 1) {
      throw new KbootError('USAGE', `Invalid value '${setting}'.  Expected form NAME=VALUE`);
    }
    return [setting.slice(0, at), setting.slice(at + 1)] as const;
  });
  return Object.fromEntries(entries);
}
