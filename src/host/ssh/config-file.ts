import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import SSHConfig, { glob } from 'ssh-config';
import { KbootError, messageOf } from '../../lib/errors.ts';

/** ssh stops at this depth as well. */
const DEEPEST_INCLUDE = 16;

const SYSTEM_FILE = '/etc/ssh/ssh_config';

/** What an ssh configuration says about machines. */
export interface SshSettings {
  /** The settings for a machine: keys in lower case, values as written. */
  lookUp(host: string, user?: string): Record<string, string | string[]>;
  /** Whether a section is about this machine, rather than about all of them. */
  mentions(host: string): boolean;
}

/**
 * Reads an ssh_config file (`file`, alone) or, when none is given, the user's and the system's, in ssh's order.
 * Include is followed. Throws CONFIG_INVALID when a file that was named is not there or cannot be parsed.
 */
export function readSshConfig(file: string | undefined, home: string): SshSettings {
  const userFile = join(home, '.ssh/config');
  const text =
    file === undefined
      ? `${load(userFile, join(home, '.ssh'), home, 0)}\nHost *\n${load(SYSTEM_FILE, '/etc/ssh', home, 0)}`
      : load(file, join(home, '.ssh'), home, 0, true);
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
    lookUp: (host, user) =>
      config.compute(user === undefined ? { Host: host } : { Host: host, User: user }, { ignoreCase: true }),
    mentions: (host) =>
      config.some((line) => {
        if (line.type !== SSHConfig.DIRECTIVE || !/^host$/i.test(line.param)) return false;
        const patterns = typeof line.value === 'string' ? [line.value] : line.value.map(({ val }) => val);
        return !patterns.includes('*') && glob(patterns, host);
      }),
  };
}

/** The text of a file with its includes in place; `relative` is where their relative paths start. */
function load(file: string, relative: string, home: string, depth: number, mustExist = false): string {
  const text = read(file, mustExist);
  if (depth > DEEPEST_INCLUDE) throw new KbootError('CONFIG_INVALID', `${file}: too many levels of Include`);
  let section = 'Host *';
  return text
    .split('\n')
    .map((line) => {
      if (/^\s*(host|match)[\s=]/i.test(line)) section = line.trim();
      const include = /^\s*include[\s=]+(.+)$/i.exec(line)?.[1];
      if (include === undefined) return line;
      const files = include.split(/\s+/).flatMap((word) => expand(unquote(word), relative, home));
      const texts = files.map((included) => load(included, relative, home, depth + 1));
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
