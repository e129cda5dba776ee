import ssh2, {
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';
import { messageOf } from '../../lib/errors.ts';

/** A key that an ssh agent holds. */
export interface AgentKey {
  readonly key: ParsedKey;
  readonly comment: string;
}

/**
 * An agent that shows one key of the real one, so that keys can be offered in an order of our own and a
 * server with a small MaxAuthTries is not worn out by keys that nobody asked for.
 */
export class OneKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #agent: InstanceType<typeof ssh2.OpenSSHAgent>;
  readonly #key: ParsedKey;
  /** Why the agent did not sign. */
  problem: string | undefined;

  constructor(socketPath: string, key: ParsedKey) {
    super();
    this.#agent = new ssh2.OpenSSHAgent(socketPath);
    this.#key = key;
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(undefined, [this.#key]);
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    const done = typeof options === 'function' ? options : callback;
    const request = typeof options === 'function' ? {} : options;
    this.#agent.sign(key, data, request, (error, signature) => {
      if (!error) return done?.(undefined, signature);
      // An agent that refuses one key (a missing token, a declined question) must not end the whole login:
      // an empty signature is refused by the server, and the next key gets its turn.
      this.problem = messageOf(error);
      done?.(undefined, Buffer.alloc(0));
    });
  }
}

/** The keys of the agent at a socket. One that does not answer has none, and a problem to tell. */
export function listAgentKeys(
  socketPath: string | undefined,
): Promise<{ readonly keys: readonly AgentKey[]; readonly problems: readonly string[] }> {
  if (socketPath === undefined) return Promise.resolve({ keys: [], problems: [] });
  const agent = new ssh2.OpenSSHAgent(socketPath);
  return new Promise((resolve) => {
    agent.getIdentities((error, keys) => {
      if (error) return resolve({ keys: [], problems: [`the ssh agent at ${socketPath}: ${error.message}`] });
      const parsed = (keys ?? []) as ParsedKey[];
      resolve({ keys: parsed.map((key) => ({ key, comment: key.comment ?? '' })), problems: [] });
    });
  });
}
