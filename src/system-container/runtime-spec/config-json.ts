import { z } from 'zod';
import { KbootError } from '../../lib/errors.ts';
import { type Machine, translateConfig } from './translate.ts';

/** The parts of an OCI runtime configuration that the engine looks at; everything else passes through. */
const ConfigSchema = z.looseObject({
  root: z.looseObject({ path: z.unknown(), readonly: z.unknown() }).partial().optional(),
  mounts: z.array(z.looseObject({ type: z.string().optional(), source: z.string().optional() })).nullish(),
  process: z.looseObject({ capabilities: z.unknown() }).partial().optional(),
  linux: z.looseObject({ capabilities: z.unknown() }).partial().optional(),
});

type Config = z.output<typeof ConfigSchema>;

const invalid = (message: string) => new KbootError('IMAGE_INVALID', message);

/**
 * Parses a deployment's config.json and checks what the format demands of it; `{}` passes. `path` names it in
 * errors; with a remote root filesystem its place is not checked. Throws IMAGE_INVALID.
 */
export function parseConfig(text: string, path: string, { remote = false } = {}): Config {
  const config = parseLoosely(text, path);
  if (Object.keys(config).length === 0) return config;
  refuseOtherCase(config, ['root', 'mounts', 'process', 'linux', 'hooks']);
  refuseOtherCase(config.root ?? {}, ['path', 'readonly']);
  if (!config.root?.readonly)
    throw invalid('Invalid configuration file.  Only readonly images are supported');
  if (!remote && config.root.path !== 'rootfs')
    throw invalid("Invalid configuration file.  Path must be 'rootfs'");
  return config;
}

/** The runtime takes a key in any case of its letters, and the last one wins: what was checked would not be what counts. */
function refuseOtherCase(object: object, known: readonly string[]): void {
  const odd = Object.keys(object).find((key) => !known.includes(key) && known.includes(key.toLowerCase()));
  if (odd !== undefined)
    throw invalid(`Invalid configuration file.  ${JSON.stringify(odd)} must be written in lower case`);
}

/** Several times as many as the specification has. */
const MOST_LEVELS = 50;

function isDeeperThan(value: unknown, levels: number): boolean {
  let level = [value];
  for (let depth = 0; depth < levels && level.length > 0; depth++) {
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return level.length > 0;
}

/** Parses it without the rules of installed containers. Throws IMAGE_INVALID. */
export function parseLoosely(text: string, path: string): Config {
  try {
    const value: unknown = JSON.parse(text);
    // Copying and writing it call themselves for every level.
    if (isDeeperThan(value, MOST_LEVELS)) throw new Error('it is nested too deeply');
    return ConfigSchema.parse(value);
  } catch (cause) {
    throw new KbootError('IMAGE_INVALID', `Invalid json in configuration file: ${path}.`, { cause });
  }
}

/**
 * Sources of bind mounts, each once. A mount without a type is none, whatever its options say. Throws
 * IMAGE_INVALID for a source that no list of paths can hold.
 */
export function bindSources({ mounts }: Config): readonly string[] {
  const sources = (mounts ?? []).flatMap(({ type, source }) =>
    type?.includes('bind') && source?.startsWith('/') ? [source.replace(/(?<=.)\/+$/, '')] : [],
  );
  const odd = sources.find((source) => /[\t\n\r\0]/.test(source));
  if (odd !== undefined)
    throw invalid(`Invalid configuration file.  ${JSON.stringify(odd)} cannot be a mount's source`);
  return [...new Set(sources)];
}

/**
 * The configuration that the machine's runtime takes: see translateConfig(). Returns the text as it was when there is
 * nothing to change, and a warning for every change. Throws IMAGE_INVALID.
 */
export function forMachine(
  text: string,
  path: string,
  machine: Machine,
): { readonly text: string; readonly warnings: readonly string[] } {
  const given = parseLoosely(text, path);
  const { config, changes } = translateConfig(given, machine);
  return {
    text: config === given ? text : `${JSON.stringify(config, null, 4)}\n`,
    warnings: changes.map((change) => `${path}: ${change}`),
  };
}

/**
 * The configuration for an image that has none, from what `RUNTIME spec --rootless` prints; `{}` when the
 * runtime gave nothing usable.
 */
export function defaultConfig(spec: string | undefined): string {
  try {
    const { root, process, ...rest } = JSON.parse(spec ?? '');
    const config = {
      ...rest,
      process: { ...process, terminal: false, args: ['run.sh'] },
      root: { ...root, path: 'rootfs', readonly: true },
    };
    return `${JSON.stringify(config, null, 4)}\n`;
  } catch {
    return '{}';
  }
}
