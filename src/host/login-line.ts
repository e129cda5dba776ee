import { type Command, quote } from './command.ts';

/**
 * Where commands are looked up, whatever the login shell's files or sudo's secure_path say. /opt/bin, where kboot's
 * programs are on machines whose /usr is read-only, comes before what the system brings (Flatcar has a ctr).
 */
export const COMMAND_PATH = '/usr/local/sbin:/usr/local/bin:/opt/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Environment variable by which the processes of one command are found when it has to be stopped. */
export const RUN_VARIABLE = 'KBOOT_RUN';

/** How root is reached: not needed (root already), or by this prefix before a command. */
export type RootPrefix = readonly string[];

/**
 * The line that is sent for a command: it means the same to every login shell (POSIX, fish, csh). `prefix`
 * stands before commands that need root; `run` marks their processes. Throws TypeError for a NUL character,
 * which no argument can hold.
 */
export function loginLine({ argv, under = [], sudo }: Command, prefix: RootPrefix, run: string): string {
  const words = [...under, ...argv].map(quoteOnOneLine).join(' ');
  const environment = `PATH=${COMMAND_PATH} LC_ALL=C ${RUN_VARIABLE}=${run}`;
  const env = sudo === true && prefix.length > 0 ? `${prefix.map(quote).join(' ')} env ${environment} ` : '';
  const body = `export ${environment}; exec ${env}${words}`;
  // printf makes the newlines, as csh allows none inside quotes; the dot keeps $() from dropping them.
  const newline = words.includes('$n') ? `n=$(printf '\\n.'); n=\${n%.}; ` : '';
  return `exec /bin/sh -c ${quoteForAnyShell(newline + body)}`;
}

/** Quotes for a POSIX shell without a newline in the result: each is written as "$n". */
function quoteOnOneLine(word: string): string {
  if (word.includes('\0')) throw new TypeError('an argument cannot hold a NUL character');
  return quote(word).replaceAll('\n', `'"$n"'`);
}

/**
 * Single quotes mean nearly the same everywhere; what differs stands outside of them: fish reads a backslash
 * in single quotes as an escape, csh an exclamation mark as history.
 */
function quoteForAnyShell(text: string): string {
  return `'${text.replace(/['\\!]/g, (char) => (char === "'" ? `'"'"'` : `'\\${char}'`))}'`;
}
