import { KbootError } from '../lib/errors.ts';
import { parseToken, type Token } from './token.ts';

/** What `kubeadm init` prints for those who want to join. */
export interface JoinCommand {
  /** `host:port` */
  readonly endpoint: string;
  readonly token: Token;
  readonly caCertHash: string;
}

/** Finds the join command in the output of `kubeadm init`. Throws COMMAND_FAILED when there is none. */
export function parseJoinCommand(output: string): JoinCommand {
  const text = output.replaceAll('\\\n', ' ');
  const [, endpoint, token] = /kubeadm join (\S+)\s+--token (\S+)/.exec(text) ?? [];
  const [, caCertHash] = /--discovery-token-ca-cert-hash (sha256:[0-9a-f]{64})/.exec(text) ?? [];
  if (endpoint === undefined || token === undefined || caCertHash === undefined) {
    throw new KbootError('COMMAND_FAILED', 'kubeadm init ended well but printed no join command', {
      hint: 'run the same command again: it goes on where it stopped',
    });
  }
  return { endpoint, token: parseToken(token), caCertHash };
}

/** kubeadm's preflight errors, `[ERROR Check]: text`, as `Check: text`. */
export function preflightErrors(output: string): readonly string[] {
  return [...output.matchAll(/^[ \t]*\[ERROR ([^\]\n]+)\]: (.*)$/gm)].map(
    ([, check, text]) => `${check}: ${text}`,
  );
}

/** The output with everything that looks like a bootstrap token blanked out. */
export function withoutTokens(output: string): string {
  return output.replaceAll(/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, '[secret]');
}
