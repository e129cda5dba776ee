import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import SSHConfig, { glob } from 'ssh-config';
import { KbootError, messageOf } from '../../lib/errors.ts';
import { isOwn, refuseCommands } from './no-commands.ts';

/** ssh stops at this depth as well. */
const DEEPEST_INCLUDE = 16;

const SYSTEM_FILE = '/etc/ssh/ssh_config';

/** The settings for a machine: keys in lower case, values as written, or with some tokens already expanded. */
export type Settings = Readonly<Record<string, string | string[]>>;

/** As whom and where a machine is to be reached: what is given here wins over the configuration. */
export interface Query {
  /** The name by which sections are chosen. */
  readonly host: string;
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
}

/** What an ssh configuration says about machines. */
export interface SshSettings {
  lookUp(query: Query): Promise<Settings>;
  /** Whether a section is about this machine, rather than about all of them. */
  mentions(host: string): boolean;
}

/**
 * Reads an ssh_config file (`file`, alone) or, when none is given, the user's and the system's, in ssh's order.
 * Include is followed. Throws CONFIG_INVALID when a file that was named is not there, cannot be parsed, or has
 * commands although it is not the operator's own.
 */
export function readSshConfig(file: string | undefined, home: string): SshSettings {
  const userFile = join(home, '.ssh/config');
  const user = { relative: join(home, '.ssh'), home, depth: 0, mustExist: false, foreign: false };
  const text =
    file === undefined
      ? `${load(userFile, user)}\nHost *\n${load(SYSTEM_FILE, { ...user, relative: '/etc/ssh' })}`
      : load(file, { ...user, mustExist: true, foreign: true });
  let config: SSHConfig;
  try {
    config = SSHConfig.parse(text);
  } catch (cause) {
    const where = file ?? userFile;
    throw new KbootError('CONFIG_INVALID', `${where}: not an ssh configuration: ${messageOf(cause)}`, {
      cause,
    });
  }
  return {
    lookUp: async ({ host, user }) =>
      config.compute(user === undefined ? { Host: host } : { Host: host, User: user }, { ignoreCase: true }),
    mentions: (host) =>
      config.some((line) => {
        if (line.type !== SSHConfig.DIRECTIVE || !/^host$/i.test(line.param)) return false;
        const patterns = typeof line.value === 'string' ? [line.value] : line.value.map(({ val }) => val);
        return !patterns.includes('*') && glob(patterns, host);
      }),
  };
}

interface Loading {
  /** Where relative paths of Include start. */
  readonly relative: string;
  readonly home: string;
  readonly depth: number;
  readonly mustExist: boolean;
  /** Whether it may be somebody else's; what one's own file includes is one's own. */
  readonly foreign: boolean;
}

/** The text of a file with its includes in place. */
function load(file: string, loading: Loading): string {
  const { relative, home, depth, mustExist } = loading;
  const text = read(file, mustExist);
  if (depth > DEEPEST_INCLUDE) throw new KbootError('CONFIG_INVALID', `${file}: too many levels of Include`);
  const foreign = loading.foreign && !isOwn(file, home);
  if (foreign) refuseCommands(text, file);
  const inner = { ...loading, depth: depth + 1, mustExist: false, foreign };
  let section = 'Host *';
  return text
    .split('\n')
    .map((line) => {
      if (/^\s*(host|match)[\s=]/i.test(line)) section = line.trim();
      const include = /^\s*include[\s=]+(.+)$/i.exec(line)?.[1];
      if (include === undefined) return line;
      const files = include.split(/\s+/).flatMap((word) => expand(unquote(word), relative, home));
      const texts = files.map((included) => load(included, inner));
      // Sections of an included file end with it.
      return [...texts, section].join('\n');
    })
    .join('\n');
}

function expand(pattern: string, relative: string, home: string): string[] {
  const path = pattern.startsWith('~/') ? join(home, pattern.slice(2)) : pattern;
  const absolute = isAbsolute(path) ? path : join(relative, path);
  if (!/[*?]/.test(basename(absolute))) return [absolute];
  const source = basename(absolute).replace(/[^\w]/g, (c) => (c === '*' ? '.*' : c === '?' ? '.' : `\\${c}`));
  const name = new RegExp(`^${source}$`);
  return list(dirname(absolute))
    .filter((entry) => name.test(entry) && !entry.startsWith('.'))
    .map((entry) => join(dirname(absolute), entry));
}

function unquote(word: string): string {
  return word.replace(/^"(.*)"$/, '$1');
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function read(file: string, mustExist: boolean): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (!mustExist && (cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new KbootError('CONFIG_INVALID', `${file}: cannot be read: ${messageOf(cause)}`, { cause });
  }
}
