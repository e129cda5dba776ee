import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import SSHConfig from 'ssh-config';
import { KbootError, messageOf } from '../../lib/errors.ts';
import { matchesAny, matchesGlob } from './glob.ts';
import { isOwn, refuseCommands } from './no-commands.ts';

/** ssh stops at this depth as well. */
const DEEPEST_INCLUDE = 16;

/** In one pattern; `10.*.*.*` has three. */
const MOST_STARS = 4;

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
  const invalid = (cause: unknown): KbootError =>
    new KbootError('CONFIG_INVALID', `${file ?? userFile}: not an ssh configuration: ${messageOf(cause)}`, {
      cause,
      hint: `try: ssh -G ${file === undefined ? '' : `-F ${file} `}NAME`,
    });
  let config: SSHConfig;
  try {
    config = SSHConfig.parse(text);
  } catch (cause) {
    throw invalid(cause);
  }
  return {
    lookUp: async ({ host, user }) => {
      try {
        const query = user === undefined ? { Host: host } : { Host: host, User: user };
        return config.compute(query, { ignoreCase: true });
      } catch (cause) {
        throw invalid(cause);
      }
    },
    mentions: (host) =>
      config.some((line) => {
        if (line.type !== SSHConfig.DIRECTIVE || !/^host$/i.test(line.param)) return false;
        const patterns = typeof line.value === 'string' ? [line.value] : line.value.map(({ val }) => val);
        return !patterns.includes('*') && matchesAny(patterns, host);
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
      if (/^\s*(host|match)[\s=]/i.test(line)) {
        section = line.trim();
        refuseManyStars(section, file);
      }
      const include = /^\s*include[\s=]+(.+)$/i.exec(line)?.[1];
      if (include === undefined) return line;
      const files = include.split(/\s+/).flatMap((word) => expand(unquote(word), relative, home));
      const texts = files.map((included) => load(included, inner));
      // Sections of an included file end with it.
      return [...texts, section].join('\n');
    })
    .join('\n');
}

/** The library that reads the settings takes time that grows with every star of a pattern as if by a power. */
function refuseManyStars(section: string, file: string): void {
  if (!section.split(/[\s,]/).some((word) => word.split('*').length > MOST_STARS + 1)) return;
  throw new KbootError(
    'CONFIG_INVALID',
    `${file}: a pattern has more than ${MOST_STARS} stars: ${section.slice(0, 80)}`,
    {
      hint: 'write several patterns instead of one',
    },
  );
}

function expand(pattern: string, relative: string, home: string): string[] {
  const path = pattern.startsWith('~/') ? join(home, pattern.slice(2)) : pattern;
  const absolute = isAbsolute(path) ? path : join(relative, path);
  if (!/[*?]/.test(basename(absolute))) return [absolute];
  return list(dirname(absolute))
    .filter((entry) => matchesGlob(basename(absolute), entry) && !entry.startsWith('.'))
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
