import { join } from 'node:path';
import { KbootError } from '../../lib/errors.ts';

/** Settings of ssh_config(5) that start a program or load a library on the operator's computer. */
const STARTING = [
  'proxycommand',
  'localcommand',
  'permitlocalcommand',
  'knownhostscommand',
  'pkcs11provider',
  'smartcarddevice',
  'securitykeyprovider',
  'xauthlocation',
];

/**
 * Throws CONFIG_INVALID when an ssh configuration has a setting that would start a program while it is read or
 * used. A cluster file may come from somebody else, and so may the ssh configuration that it names; the
 * operator's own, in ~/.ssh and /etc/ssh, is trusted as ssh trusts it. What OpenSSH might read otherwise than
 * this function does (quoted keywords, tokens and patterns in Include) is refused with it.
 */
export function refuseCommands(text: string, file: string): void {
  text.split('\n').forEach((line, index) => {
    const content = line.trim();
    if (content === '' || content.startsWith('#')) return;
    const problem = problemOf(content);
    if (problem === undefined) return;
    throw new KbootError('CONFIG_INVALID', `${file}:${index + 1}: ${problem}`, {
      hint: 'an ssh configuration that kboot.yaml names starts no programs: keep such settings in ~/.ssh/config',
    });
  });
}

function problemOf(line: string): string | undefined {
  const [, keyword, rest = ''] = /^([a-z0-9]+)(?:\s*=\s*|\s+|$)(.*)$/i.exec(line) ?? [];
  if (keyword === undefined) return 'not a setting of ssh';
  const value = rest.replace(/["'\\]/g, '');
  switch (keyword.toLowerCase()) {
    case 'match':
      return /exec/i.test(value) ? 'Match exec is not allowed here' : undefined;
    case 'include':
      return /[%$[{"'\\]/.test(rest) || hasPatternInFolder(value)
        ? 'Include is allowed here with plain paths only'
        : undefined;
    default:
      return STARTING.includes(keyword.toLowerCase()) && value.toLowerCase() !== 'none'
        ? `${keyword} is not allowed here`
        : undefined;
  }
}

/** A slash behind the first star or question mark. */
function hasPatternInFolder(value: string): boolean {
  const first = value.search(/[*?]/);
  return first >= 0 && value.lastIndexOf('/') > first;
}

/** Whether a file is in the operator's or the system's folder, by its name: links in there are theirs as well. */
export function isOwn(file: string, home: string): boolean {
  const folders = [join(home, '.ssh/'), '/etc/ssh/'];
  return folders.some((folder) => file.startsWith(folder)) && !file.split('/').includes('..');
}
