import { KbootError, messageOf } from '../../lib/errors.ts';
import { escapeLine } from '../../lib/escape.ts';
import type { Destination } from './destination.ts';
import type { Identities } from './identities.ts';

/** What was going on when connecting failed. */
export interface Attempt {
  /** The machine's name in kboot.yaml. */
  readonly machine: string;
  readonly destination: Destination;
  readonly timeoutMs: number;
  readonly timedOut: boolean;
  /** Whether the TCP connection stood. */
  readonly connected: boolean;
  /** What the peer sent first, undefined when it sent nothing. */
  readonly greeting: string | undefined;
  readonly identities: Identities;
  /** Labels of the keys that were offered. */
  readonly offered: readonly string[];
  /** Authentication methods that the server still accepts. */
  readonly accepted: readonly string[] | undefined;
  /** Said by the agent instead of signing. */
  readonly agentProblems: readonly string[];
}

/** The error for a connection that did not come about. */
export function connectError(cause: unknown, attempt: Attempt): KbootError {
  const { machine } = attempt;
  const { what, hint } = explain(cause, attempt);
  return new KbootError('HOST_UNREACHABLE', `${machine}: ${what}`, { host: machine, cause, hint });
}

function explain(cause: unknown, attempt: Attempt): { what: string; hint: string } {
  const { destination, greeting, connected, timedOut, timeoutMs } = attempt;
  const { host, port, user } = destination;
  const where = `${host} port ${port}`;
  const message = messageOf(cause);
  const seconds = `${timeoutMs / 1000} s`;
  if (!connected) {
    if (timedOut) {
      return {
        what: `no connection to ${where} within ${seconds}`,
        hint: 'is the machine up, the address right, and no firewall in between?',
      };
    }
    return { what: `cannot connect to ${where}: ${reason(cause)}`, hint: hintFor(codeOf(cause)) };
  }
  if (greeting !== undefined && !/^SSH-/m.test(greeting)) {
    const shown = escapeLine((greeting.split('\n')[0] ?? '').trim().slice(0, 60));
    return {
      what: `no SSH server at ${where}: it answers "${shown}"`,
      hint: 'check address and port (port in kboot.yaml or Port in ~/.ssh/config)',
    };
  }
  if (timedOut) {
    const silent =
      greeting === undefined ? 'connected, but it says nothing' : 'the login did not come to an end';
    return {
      what: `${where}: ${silent} within ${seconds}`,
      hint: 'is it an SSH server, or is the machine overloaded? ConnectTimeout in the ssh configuration gives it more time',
    };
  }
  if (/authentication (methods )?fail/i.test(message)) return loginRefused(attempt, user, where, message);
  if (greeting === undefined || /lost before handshake/i.test(message)) {
    return {
      what: `${where}: the connection was closed before the login`,
      hint: 'sshd may be starting, or refusing new connections (MaxStartups, /etc/hosts.deny)',
    };
  }
  return {
    what: `${user}@${where}: ${escapeLine(message)}`,
    hint: `try: ssh -v -p ${port} ${user}@${host}`,
  };
}

function loginRefused(
  attempt: Attempt,
  user: string,
  where: string,
  message: string,
): { what: string; hint: string } {
  const { offered, identities, agentProblems, accepted, destination } = attempt;
  const keys = offered.length === 0 ? 'no key to offer' : `offered ${offered.join(', ')}`;
  const rest = [...identities.unusable, ...agentProblems].map((problem) => `; ${problem}`).join('');
  const others = accepted?.filter((method) => method !== 'publickey') ?? [];
  const methods =
    accepted !== undefined && !accepted.includes('publickey')
      ? `; the server wants ${others.join(' or ') || 'something else'} instead of a key`
      : '';
  const [locked] = identities.locked;
  const tooMany = /too many/i.test(message);
  const verdict = tooMany ? `: ${escapeLine(message)}` : '';
  const what = `${where} does not let ${user} in${verdict}: ${keys}${rest}${methods}`;
  if (locked !== undefined) return { what, hint: `run: ssh-add ${locked}` };
  if (tooMany) {
    return { what, hint: 'name the right key: IdentityFile and IdentitiesOnly yes in ~/.ssh/config' };
  }
  const place = destination.host.includes(':') ? `[${destination.host}]` : destination.host;
  return {
    what,
    hint: `put a public key into the machine's authorized_keys: ssh-copy-id -p ${destination.port} ${user}@${place}`,
  };
}

function reason(cause: unknown): string {
  switch (codeOf(cause)) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
      return 'the name cannot be resolved';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'no route to it';
    case 'ETIMEDOUT':
      return 'it does not answer';
    default:
      return escapeLine(messageOf(cause));
  }
}

function hintFor(code: string | undefined): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'is sshd running there, and on this port?';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
      return 'check the name, or give the machine an address in kboot.yaml or a HostName in ~/.ssh/config';
    default:
      return 'is the machine up, the address right, and no firewall in between?';
  }
}

function codeOf(cause: unknown): string | undefined {
  return (cause as { code?: string } | undefined)?.code;
}
