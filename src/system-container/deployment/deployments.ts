import { type Info, parseInfo } from './info.ts';

/** One folder `NAME.0` or `NAME.1` on a machine. */
export interface FoundDeployment {
  /** `etcd.0` */
  readonly folder: string;
  /** undefined: it has none or a damaged one. */
  readonly info: Info | undefined;
  /** `process.args` of config.json. */
  readonly command: readonly string[];
  /** It was built, and nothing has been switched to it yet. */
  readonly prepared: boolean;
}

/** All that is in a machine's checkout root. */
export interface FoundDeployments {
  /** Folder that each container's link selects, by container. */
  readonly links: ReadonlyMap<string, string>;
  readonly folders: ReadonlyMap<string, FoundDeployment>;
  /** Layers in the store, in hex. */
  readonly layers: ReadonlySet<string>;
  /** Containers whose switch to another deployment was cut off. */
  readonly interrupted: ReadonlySet<string>;
}

/** Reads what list_deployments of remote/lib printed; lines of other kinds, and names that no file has, are passed over. */
export function parseDeployments(stdout: string): FoundDeployments {
  const links = new Map<string, string>();
  const folders = new Map<string, FoundDeployment>();
  const layers = new Set<string>();
  const interrupted = new Set<string>();
  for (const line of stdout.split('\n')) {
    const [kind, name = '', first = '', second = '', third] = line.split('\t');
    if (![name, kind === 'link' ? first : name].every(isFileName)) continue;
    if (kind === 'link') links.set(name, first);
    if (kind === 'layer') layers.add(name);
    if (kind === 'interrupted') interrupted.add(name);
    if (kind === 'folder') {
      folders.set(name, {
        folder: name,
        info: parseInfo(decode(first)),
        command: commandOf(decode(second)),
        prepared: third === 'prepared',
      });
    }
  }
  return { links, folders, layers, interrupted };
}

/** The deployments a container has, in both slots, whether a link selects one or not. */
export function deploymentsOf({ folders }: FoundDeployments, name: string): readonly FoundDeployment[] {
  return [folders.get(`${name}.0`), folders.get(`${name}.1`)].filter((found) => found !== undefined);
}

/** Host paths that any install of the engine put there, finished or not. */
export function trackedPaths({ folders }: FoundDeployments): ReadonlySet<string> {
  return new Set(
    [...folders.values()].flatMap(({ info }) => Object.keys(info?.['installed-files-checksum'] ?? {})),
  );
}

/** What a directory can list: everything else would lead somewhere else, or could be no argument of a command. */
const isFileName = (name: string): boolean => /^[^/\0]+$/.test(name) && name !== '.' && name !== '..';

const decode = (text: string): string => (text === '-' ? '' : Buffer.from(text, 'base64').toString('utf8'));

function commandOf(config: string): readonly string[] {
  try {
    const args: unknown = JSON.parse(config)?.process?.args;
    return Array.isArray(args) ? args.map(String) : [];
  } catch {
    return [];
  }
}
