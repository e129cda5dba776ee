import { userInfo } from 'node:os';
import { execa } from 'execa';
import { KbootError } from '../../lib/errors.ts';
import type { Query, Settings, SshSettings } from './config-file.ts';

/** Settings whose value is a list of files. */
const FILE_LISTS = ['userknownhostsfile', 'globalknownhostsfile'];

/** The keys that ssh looks for when none is configured: `ssh -G` prints them as if they were. */
const USUAL_KEY = /^~\/\.ssh\/id_\w+$/;
const FEWEST_USUAL_KEYS = 3;

/** Characters of all settings: many times what ssh knows. */
const MOST_PRINTED = 1024 * 1024;

/**
 * The settings as the operator's own ssh program understands them (`ssh -G`), so that Match, canonical names
 * and tokens are ssh's; without such a program they are those of `fallback`. ssh takes the home folder from the
 * user database: where the environment has another one, `fallback` is asked too. `file` is read instead of the
 * user's and the system's configuration.
 */
export function withOpenssh(
  fallback: SshSettings,
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  signal?: AbortSignal,
): SshSettings {
  if (env['HOME'] !== userInfo().homedir) return fallback;
  return {
    mentions: fallback.mentions,
    lookUp: async (query) => {
      const printed = await printSettings(argumentsFor(query, file), query.host, env, signal);
      return printed === undefined ? fallback.lookUp(query) : parseSettings(printed);
    },
  };
}

/** The settings that `ssh -G` printed: a line for each, several for a list; lists of files are in one line. */
export function parseSettings(printed: string): Settings {
  // Without a prototype: what ssh prints decides on the keys.
  const settings: Record<string, string[]> = Object.create(null);
  for (const line of printed.split('\n')) {
    const [, key, value] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) continue;
    const values = FILE_LISTS.includes(key) ? splitFiles(value) : [value];
    const told = settings[key] ?? [];
    for (const each of values) told.push(each);
    settings[key] = told;
  }
  const keys = settings['identityfile'] ?? [];
  if (keys.length >= FEWEST_USUAL_KEYS && keys.every((key) => USUAL_KEY.test(key)))
    delete settings['identityfile'];
  return settings;
}

/** ssh prints the files without quotes: a word that does not begin a path goes on with the one before. */
function splitFiles(value: string): string[] {
  return value.split(/ (?=[/~])/);
}

function argumentsFor({ host, address, port, user }: Query, file: string | undefined): string[] {
  return [
    '-G',
    '-T',
    ...(file === undefined ? [] : ['-F', file]),
    ...(address === undefined ? [] : ['-o', `HostName=${address.replaceAll('%', '%%')}`]),
    ...(port === undefined ? [] : ['-p', `${port}`]),
    ...(user === undefined ? [] : ['-l', user]),
    '--',
    host,
  ];
}

/** What `ssh -G` prints; undefined when there is no ssh that knows -G. Throws CONFIG_INVALID with its complaint. */
async function printSettings(
  args: readonly string[],
  host: string,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const options = {
    env,
    stdin: 'ignore',
    reject: false,
    maxBuffer: MOST_PRINTED,
    ...(signal && { cancelSignal: signal }),
  } as const;
  const { exitCode, stdout, stderr, code } = await execa('ssh', args, options);
  signal?.throwIfAborted();
  if (exitCode === 0) return stdout;
  if (code === 'ENOENT' || code === 'EACCES' || /(unknown|illegal|invalid) option/i.test(stderr))
    return undefined;
  const complaint = stderr.trim().split('\n')[0] ?? '';
  throw new KbootError('CONFIG_INVALID', `${host}: ssh cannot read its configuration: ${complaint}`, {
    host,
    hint: `try: ssh -G ${host}`,
  });
}
