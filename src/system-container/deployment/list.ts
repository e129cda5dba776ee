import type { Host } from '../../host/host.ts';
import { remoteScript } from '../../host/remote-script.ts';
import { CHECKOUT_ROOT, unitName } from '../machine/paths.ts';
import { type FoundDeployment, type FoundDeployments, parseDeployments } from './deployments.ts';

/** A container, or what is left of one, on a machine. */
export interface ListedContainer {
  readonly name: string;
  /** Folder of the active deployment, `etcd.0`. */
  readonly deployment: string;
  readonly image: string;
  /** What the image calls itself. */
  readonly title?: string | undefined;
  /** Image id. */
  readonly revision: string;
  /** `process.args` joined by blanks. */
  readonly command: string;
  /** Seconds since the epoch; 0 when unknown. */
  readonly created: number;
  /**
   * `running`, `inactive`, `failed` or `no service`; while it changes, what systemd calls it (`activating`,
   * `deactivating`, `reloading`).
   */
  readonly state: string;
  readonly runtime: string;
  /** The remote root filesystem, as it was given. */
  readonly remote: string | undefined;
  /** What the user set. */
  readonly userValues: Readonly<Record<string, string>>;
  /** Why it cannot be used: its files are damaged, or no link selects it. */
  readonly broken: string | undefined;
}

const INTERRUPTED = 'its switch to another deployment was cut off: the next update or rollback puts it right';

/** All system containers of a machine, in one round trip; broken ones are shown as such. */
export async function listSystemContainers(
  host: Host,
  signal?: AbortSignal,
): Promise<readonly ListedContainer[]> {
  const { stdout } = await host.query(
    { ...remoteScript('system-container/list-containers', CHECKOUT_ROOT), sudo: true },
    signal,
  );
  return parseList(stdout);
}

/** Reads what the list's script printed. */
export function parseList(stdout: string): readonly ListedContainer[] {
  const found = parseDeployments(stdout);
  const states = new Map(
    stdout.split('\n').flatMap((line) => {
      const [kind, unit = '', active = '', code, status] = line.split('\t');
      // Code 1 is "exited": an inactive unit whose program failed is a failed container.
      const state = active === 'inactive' && code === '1' && status === '1' ? 'failed' : active;
      return kind === 'unit' ? [[unit, state === 'active' ? 'running' : state] as const] : [];
    }),
  );
  const active = [...found.links].map(([name, folder]) => {
    const state = states.get(unitName(name)) ?? 'inactive';
    const entry = entryOf(
      name,
      folder,
      found.folders.get(folder),
      state,
      'its deployment has no readable info',
    );
    const broken = entry.broken ?? (found.interrupted.has(name) ? INTERRUPTED : undefined);
    return { ...entry, broken };
  });
  return [...active, ...orphansOf(found)].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Folders that belong to no container: an interrupted install left them, or somebody deleted the link. */
function orphansOf({ links, folders }: FoundDeployments): readonly ListedContainer[] {
  return [...folders.values()]
    .filter(({ folder }) => !/\.[01]$/.test(folder) || !links.has(folder.slice(0, -2)))
    .map((found) => entryOf(found.folder, found.folder, found, 'inactive', 'no link selects it'));
}

function entryOf(
  name: string,
  deployment: string,
  found: FoundDeployment | undefined,
  state: string,
  why: string,
): ListedContainer {
  const info = found?.info;
  return {
    ...{ name, deployment },
    image: info?.image ?? '',
    ...(info?.['image-title'] !== undefined && { title: info['image-title'] }),
    revision: info?.revision ?? '',
    // Of an image without a service nothing runs, whatever its configuration says.
    command: info?.['has-container-service'] === false ? '' : (found?.command.join(' ') ?? ''),
    created: info?.created ?? 0,
    state: info?.['has-container-service'] === false ? 'no service' : state,
    runtime: info?.runtime ?? '',
    remote: info?.remote ?? undefined,
    userValues: info?.['user-values'] ?? {},
    broken: info && name !== deployment ? undefined : why,
  };
}
