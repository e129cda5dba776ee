import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { KbootError } from '../../lib/errors.ts';
import type { Settings, SshSettings } from './config-file.ts';
import { requirePlain } from './plain-name.ts';

/** A machine as kboot.yaml has it. */
export interface SshTarget {
  readonly name: string;
  /** Where it is reached, when not by its name. */
  readonly address?: string | undefined;
  /** Where it is reached when nothing else is known: no `address`, and the ssh configuration has no such name. */
  readonly fallback?: string | undefined;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
}

/** The operator's environment. */
interface Environment {
  readonly HOME?: string | undefined;
  readonly SSH_AUTH_SOCK?: string | undefined;
  readonly [name: string]: string | undefined;
}

/** What ssh needs of the operator's side; what is given here wins over the ssh configuration. */
export interface SshPreferences {
  readonly identityFile?: string | undefined;
  readonly knownHostsFile?: string | undefined;
  /** What becomes of a key that is not known; what the ssh configuration says when absent. */
  readonly strictHostKey?: 'accept-new' | 'strict' | undefined;
  /** Who the operator is on this machine: ssh's default login. */
  readonly localUser: string;
  readonly env: Environment;
}

/** One hop, everything decided. */
export interface Destination {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Key files that somebody named, in order; empty for ssh's usual ones. */
  readonly identityFiles: readonly string[];
  readonly usualIdentityFiles: readonly string[];
  /** Offer no key of the agent but those of the files. */
  readonly identitiesOnly: boolean;
  readonly agentSocket: string | undefined;
  /** The name under which its key is known. */
  readonly keyName: string;
  /** The port under which its key is known: 22, which known_hosts does not write, where an alias is the name. */
  readonly keyPort: number;
  readonly knownHostsFiles: readonly string[];
  /** Where new keys are written; undefined: they cannot be remembered, and are refused. */
  readonly newKeysFile: string | undefined;
  /** Keys that are refused whoever shows them. */
  readonly revokedKeysFile: string | undefined;
  readonly hashKnownHosts: boolean;
  readonly strictHostKey: boolean;
  /** ssh's ConnectTimeout in milliseconds, where it is set. */
  readonly timeoutMs: number | undefined;
}

const USUAL_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'];
const USER_KNOWN_HOSTS = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'];
const GLOBAL_KNOWN_HOSTS = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];
const MOST_HOPS = 8;

/**
 * The way to a machine: the jump hosts in order, then the machine itself. Settings are looked up by the name,
 * or by the address when only that stands in the ssh configuration; jump hosts have settings of their own.
 * An address in the target wins over HostName. Throws CONFIG_INVALID for settings that kboot does not follow.
 */
export function route(
  target: SshTarget,
  settings: SshSettings,
  preferences: SshPreferences,
): Promise<Destination[]> {
  return follow(target, settings, preferences, 0);
}

async function follow(
  target: SshTarget,
  ssh: SshSettings,
  preferences: SshPreferences,
  depth: number,
): Promise<Destination[]> {
  const known = target.address !== undefined || ssh.mentions(target.name);
  if (!known && target.fallback !== undefined)
    return follow({ ...target, address: target.fallback }, ssh, preferences, depth);
  const { address = target.name } = target;
  const alias = ssh.mentions(target.name) || !ssh.mentions(address) ? target.name : address;
  requirePlain(target.name, { name: target.name, address, user: target.user });
  const settings = await ssh.lookUp({
    host: alias,
    address: alias === target.name ? target.address : undefined,
    port: target.port,
    user: target.user,
  });
  const jump = first(settings, 'proxyjump');
  if (jump === undefined && !['none', undefined].includes(first(settings, 'proxycommand'))) {
    throw new KbootError('CONFIG_INVALID', `${target.name}: ProxyCommand is not supported`, {
      host: target.name,
      hint: 'use ProxyJump in the ssh configuration instead',
    });
  }
  if (depth > MOST_HOPS) throw new KbootError('CONFIG_INVALID', `${target.name}: ProxyJump runs in a circle`);
  const hops = jump === undefined || jump === 'none' ? [] : jump.split(',').map(parseJump);
  const [entry, ...others] = hops;
  const last = decide(target, alias, settings, preferences, depth > 0);
  if (entry === undefined) return [last];
  // Only the first jump host may itself stand behind others: the rest is reached from it.
  const direct = async (hop: SshTarget): Promise<Destination> => {
    requirePlain(target.name, { name: hop.name, user: hop.user });
    const ofHop = await ssh.lookUp({ host: hop.name, port: hop.port, user: hop.user });
    return decide(hop, hop.name, ofHop, preferences, true);
  };
  const way = await follow(entry, ssh, preferences, depth + 1);
  for (const hop of others) way.push(await direct(hop));
  return [...way, last];
}

function decide(
  target: SshTarget,
  alias: string,
  settings: Settings,
  { env, identityFile, knownHostsFile, localUser, strictHostKey }: SshPreferences,
  isJump: boolean,
): Destination {
  const home = env.HOME ?? '/';
  const port = target.port ?? portIn(target.name, first(settings, 'port') ?? '22');
  const user = target.user ?? first(settings, 'user') ?? localUser;
  const hostName = (first(settings, 'hostname') ?? '%h').replaceAll('%h', alias).replaceAll('%%', '%');
  const host = alias === target.name ? (target.address ?? hostName) : hostName;
  const hostKeyAlias = first(settings, 'hostkeyalias');
  requirePlain(target.name, { HostName: host, User: user, HostKeyAlias: hostKeyAlias });
  const tokens: Record<string, string> = {
    h: host,
    i: `${userInfo().uid}`,
    k: hostKeyAlias ?? alias,
    L: hostname().replace(/\..*/, ''),
    l: hostname(),
    n: alias,
    p: `${port}`,
    r: user,
    u: localUser,
    d: home,
    '%': '%',
  };
  const path = (text: string): string => {
    const expanded = text.replace(/%(.?)/g, (whole, token: string) => {
      const value = tokens[token];
      // A path that was guessed could hide a key that is known, or revoked.
      if (value === undefined)
        throw new KbootError('CONFIG_INVALID', `${target.name}: ${whole} in ${text} is not supported`, {
          host: target.name,
          hint: 'write the path itself in the ssh configuration',
        });
      return value;
    });
    const named = expanded.replace(/\$\{(\w+)\}/g, (_whole, name: string) => env[name] ?? '');
    return named.startsWith('~/') ? join(home, named.slice(2)) : named;
  };
  const configured = all(settings, 'identityfile');
  // A jump host keeps the keys that its own section names.
  const keepOwn = identityFile === undefined || (isJump && configured.length > 0);
  const named = keepOwn ? configured : [identityFile];
  const timeout = first(settings, 'connecttimeout') ?? 'none';
  const strict = first(settings, 'stricthostkeychecking')?.toLowerCase();
  const files = (key: string, usual: readonly string[]): string[] => {
    const configured = all(settings, key);
    if (configured.length === 1 && configured[0]?.toLowerCase() === 'none') return [];
    return (configured.length > 0 ? configured : usual).map(path);
  };
  const userFiles =
    knownHostsFile === undefined ? files('userknownhostsfile', USER_KNOWN_HOSTS) : [knownHostsFile];
  const revoked = first(settings, 'revokedhostkeys');
  return {
    host,
    port,
    user,
    identityFiles: named.filter((file) => file !== 'none').map(path),
    usualIdentityFiles: named.includes('none') ? [] : USUAL_KEYS.map((key) => join(home, '.ssh', key)),
    identitiesOnly: isYes(first(settings, 'identitiesonly')),
    agentSocket: agentSocket(first(settings, 'identityagent'), env, path),
    keyName: hostKeyAlias ?? host,
    keyPort: hostKeyAlias === undefined ? port : 22,
    knownHostsFiles: [...userFiles, ...files('globalknownhostsfile', GLOBAL_KNOWN_HOSTS)],
    newKeysFile: userFiles[0],
    revokedKeysFile: revoked === undefined || revoked.toLowerCase() === 'none' ? undefined : path(revoked),
    hashKnownHosts: isYes(first(settings, 'hashknownhosts')),
    strictHostKey: strictHostKey === undefined ? isYes(strict) : strictHostKey === 'strict',
    timeoutMs: /^[1-9]\d*$/.test(timeout) ? Number(timeout) * 1000 : undefined,
  };
}

function agentSocket(
  setting: string | undefined,
  env: SshPreferences['env'],
  path: (text: string) => string,
): string | undefined {
  if (setting === 'none') return undefined;
  if (setting === undefined || setting === 'SSH_AUTH_SOCK') return env.SSH_AUTH_SOCK || undefined;
  return setting.startsWith('$') ? env[setting.slice(1)] : path(setting);
}

/** Parses `[user@]host[:port]`, with IPv6 addresses in brackets, or the same as an ssh:// address. */
function parseJump(text: string): SshTarget {
  const match = /^(?:ssh:\/\/)?(?:(.+)@)?(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?\/?$/.exec(text.trim());
  const name = match?.[2] ?? match?.[3];
  if (match === null || name === undefined) {
    throw new KbootError('CONFIG_INVALID', `ProxyJump: not a host: ${text}`);
  }
  return { name, user: match[1], port: match[4] === undefined ? undefined : portIn(name, match[4]) };
}

function portIn(machine: string, text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new KbootError('CONFIG_INVALID', `${machine}: not a port: ${JSON.stringify(text.slice(0, 80))}`, {
    host: machine,
    hint: 'Port in the ssh configuration is a number from 1 to 65535',
  });
}

function all(settings: Settings, key: string): string[] {
  const value = settings[key];
  return value === undefined ? [] : [value].flat();
}

function first(settings: Settings, key: string): string | undefined {
  return all(settings, key)[0];
}

function isYes(value: string | undefined): boolean {
  return value === 'yes' || value === 'true';
}
