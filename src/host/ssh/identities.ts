import { readFile } from 'node:fs/promises';
import ssh2, { type ParsedKey } from 'ssh2';
import { messageOf } from '../../lib/errors.ts';
import type { Destination } from './destination.ts';
import { fingerprint } from './known-hosts.ts';
import { type AgentKey, listAgentKeys, OneKeyAgent } from './one-key-agent.ts';

type Method =
  | { readonly type: 'publickey'; readonly username: string; readonly key: ParsedKey }
  | { readonly type: 'agent'; readonly username: string; readonly agent: OneKeyAgent };

/** One key to offer, and how it is called in messages. */
export interface Offer {
  readonly label: string;
  readonly method: Method;
}

export interface Identities {
  readonly offers: readonly Offer[];
  /** Keys that could not be offered, each with its reason. */
  readonly unusable: readonly string[];
  /** Key files with a passphrase that no agent holds. */
  readonly locked: readonly string[];
}

interface KeyFile {
  readonly path: string;
  /** undefined when only the public half could be read. */
  readonly privateKey: ParsedKey | undefined;
  /** Wire format. */
  readonly publicKey: Buffer | undefined;
  readonly problem: string | undefined;
}

/**
 * Which keys to offer and in which order: the named key files (by the agent where it holds them), then the
 * agent's other keys, then the usual files. Never throws: what cannot be used is listed with its reason.
 */
export async function findIdentities(destination: Destination): Promise<Identities> {
  const { identityFiles, usualIdentityFiles, identitiesOnly, user: username } = destination;
  const named = await Promise.all(identityFiles.map((path) => readKeyFile(path)));
  const usual = identityFiles.length > 0 ? [] : await Promise.all(usualIdentityFiles.map(readKeyFile));
  const agent = await listAgentKeys(destination.agentSocket);
  const fromAgent = ({ key, comment }: AgentKey): Offer => ({
    label: `${comment || key.type} from the agent (${fingerprint(key.getPublicSSH())})`,
    method: { type: 'agent', username, agent: new OneKeyAgent(destination.agentSocket ?? '', key) },
  });
  const fromFile = (file: KeyFile): Offer[] => {
    const held = agent.keys.find(({ key }) => file.publicKey?.equals(key.getPublicSSH()));
    if (held) return [fromAgent(held)];
    if (file.privateKey === undefined) return [];
    const label = `${file.path} (${fingerprint(file.privateKey.getPublicSSH())})`;
    return [{ label, method: { type: 'publickey', username, key: file.privateKey } }];
  };
  const files = [...named, ...usual];
  const ofFiles = files.flatMap(({ publicKey }) => (publicKey ? [publicKey] : []));
  const others = agent.keys.filter(({ key }) => !ofFiles.some((known) => known.equals(key.getPublicSSH())));
  const offers = [
    ...named.flatMap(fromFile),
    ...(identitiesOnly ? [] : others.map(fromAgent)),
    ...usual.flatMap(fromFile),
  ];
  const idle = files.filter(
    (file) => fromFile(file).length === 0 && (file.problem !== MISSING || named.includes(file)),
  );
  return {
    offers,
    unusable: [...idle.map(({ path, problem }) => `${path}: ${problem}`), ...agent.problems],
    locked: idle.filter(({ problem }) => problem === LOCKED).map(({ path }) => path),
  };
}

const MISSING = 'not there';
const LOCKED = 'protected by a passphrase, and not in an ssh agent';

async function readKeyFile(path: string): Promise<KeyFile> {
  const publicKey = await readPublicHalf(`${path}.pub`);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const problem = (error as NodeJS.ErrnoException).code === 'ENOENT' ? MISSING : messageOf(error);
    return { path, privateKey: undefined, publicKey, problem };
  }
  const parsed = [ssh2.utils.parseKey(text)].flat()[0];
  if (parsed === undefined || parsed instanceof Error) {
    const locked = parsed !== undefined && /passphrase|encrypted/i.test(parsed.message);
    return {
      path,
      privateKey: undefined,
      publicKey,
      problem: locked ? LOCKED : 'not a private key that kboot reads',
    };
  }
  const isPrivate = parsed.isPrivateKey();
  return {
    path,
    privateKey: isPrivate ? parsed : undefined,
    publicKey: parsed.getPublicSSH(),
    problem: isPrivate ? undefined : 'a public key, and its private half is not in an ssh agent',
  };
}

async function readPublicHalf(path: string): Promise<Buffer | undefined> {
  try {
    const parsed = [ssh2.utils.parseKey(await readFile(path, 'utf8'))].flat()[0];
    return parsed === undefined || parsed instanceof Error ? undefined : parsed.getPublicSSH();
  } catch {
    return undefined;
  }
}
