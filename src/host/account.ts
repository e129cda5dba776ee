import { KbootError } from '../lib/errors.ts';
import type { Command } from './command.ts';
import { lastLine } from './describe.ts';
import type { Output } from './host.ts';
import type { RootPrefix } from './login-line.ts';
import { remoteScript } from './remote-script.ts';

/** How commands of this login become root's: by a prefix, or not at all, for a reason. */
export type Account =
  | { readonly root: 'reached'; readonly prefix: RootPrefix }
  | { readonly root: 'refused'; readonly reason: string };

const SUDO: RootPrefix = ['sudo', '-n'];

/** Asks who is logged in and whether root is to be had. Changes nothing. */
export const accountCommand: Command = remoteScript('host/account');

/**
 * Reads the answer of accountCommand. Throws HOST_UNREACHABLE when the login runs no commands, or when its
 * startup files print something, which would end up in every answer.
 */
export function parseAccount(host: string, { stdout }: Output): Account {
  const [head, ...rest] = stdout.split('\n');
  if (head !== 'kboot-account') {
    throw new KbootError('HOST_UNREACHABLE', `${host}: the login shell printed: ${lastLine(head ?? '')}`, {
      host,
      hint: 'its startup files (.bashrc, config.fish, .cshrc) must print nothing when no terminal is there',
    });
  }
  const answer = rest.join('\n').trim();
  if (answer === 'root') return { root: 'reached', prefix: [] };
  if (answer === 'sudo') return { root: 'reached', prefix: SUDO };
  return { root: 'refused', reason: lastLine(answer) };
}

/** The prefix before commands that need root. Throws SUDO_REFUSED when root is not to be had. */
export function rootPrefix(host: string, user: string, account: Account): RootPrefix {
  if (account.root === 'reached') return account.prefix;
  throw sudoRefused(host, user, account.reason);
}

/** Whether sudo itself refused a command (a rule changed, or a remembered password expired). */
export function isSudoRefusal({ stderr }: Output): boolean {
  return /^sudo: (a password is required|a terminal is required|sorry, you must have a tty)/m.test(stderr);
}

/** The error for a login that may not become root without a password. */
export function sudoRefused(host: string, user: string, reason: string): KbootError {
  return new KbootError('SUDO_REFUSED', `${host}: ${user} cannot become root: ${reason}`, {
    host,
    hint: `log in as root, or let ${user} use sudo without a password: echo '${user} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/${user}`,
  });
}
