import { userInfo } from 'node:os';
import type { Host } from '../host.ts';
import { ShellHost } from '../shell-host.ts';
import { readSshConfig } from './config-file.ts';
import type { Connection } from './connection.ts';
import { route, type SshPreferences, type SshTarget } from './destination.ts';
import { openConnection } from './open.ts';
import { withOpenssh } from './openssh.ts';

export type { SshTarget } from './destination.ts';

export interface SshOptions extends Omit<SshPreferences, 'localUser'> {
  /** Read instead of ~/.ssh/config and /etc/ssh/ssh_config. */
  readonly sshConfigFile?: string | undefined;
  /** For each hop until its TCP connection stands, unless the ssh configuration has a ConnectTimeout. */
  readonly connectTimeoutMs?: number | undefined;
  /** For each hop from then to the end of the login; ConnectTimeout is for this as well. */
  readonly loginTimeoutMs?: number | undefined;
  /** For a command that sets no limit itself. */
  readonly commandTimeoutMs?: number | undefined;
  /** A machine that says nothing for four of these is taken for dead. */
  readonly keepaliveMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const CONNECT_TIMEOUT_MS = 15_000;
// A machine that is there may be busy.
const LOGIN_TIMEOUT_MS = 60_000;
const COMMAND_TIMEOUT_MS = 300_000;
// Long enough for a slow line to carry the 2 MB that may be under way before an answer.
const KEEPALIVE_MS = 10_000;

/**
 * Connects to a machine the way ssh would: ~/.ssh/config, jump hosts, keys, agent, known_hosts. The machine's
 * key is always checked; one that was never seen is recorded, or refused when `strictHostKey` or the configuration
 * says so.
 * Throws HOST_UNREACHABLE with what was tried and what to do, HOST_KEY_REFUSED, CONFIG_INVALID, or the
 * signal's reason. Nothing is tried twice.
 */
export async function connectSsh(target: SshTarget, options: SshOptions): Promise<Host> {
  const { sshConfigFile, signal } = options;
  const open = {
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    loginTimeoutMs: options.loginTimeoutMs ?? LOGIN_TIMEOUT_MS,
    keepaliveMs: options.keepaliveMs ?? KEEPALIVE_MS,
    signal,
  };
  // Read here first: a file that is not the operator's own is searched for commands before ssh sees it.
  const written = readSshConfig(sshConfigFile, options.env.HOME ?? '/');
  const settings = withOpenssh(written, sshConfigFile, options.env, signal);
  const hops = await route(target, settings, { ...options, localUser: userInfo().username });
  let connection: Connection | undefined;
  let user = '';
  for (const hop of hops) {
    const under: Connection | undefined = connection;
    user = hop.user;
    try {
      connection = await openConnection(target.name, hop, under, open);
    } catch (error) {
      await under?.[Symbol.asyncDispose]();
      throw error;
    }
  }
  if (connection === undefined) throw new Error('a route has at least one hop');
  const commandTimeoutMs = options.commandTimeoutMs ?? COMMAND_TIMEOUT_MS;
  return ShellHost.open({ name: target.name, user, executor: connection, commandTimeoutMs }, signal);
}
