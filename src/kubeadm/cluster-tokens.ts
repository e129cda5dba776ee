import { ADMIN_CONF } from '../cluster/paths.ts';
import type { Host } from '../host/host.ts';
import { parseToken, TOKEN_DESCRIPTION, TOKEN_TTL, type Token, tokensMadeByKboot } from './token.ts';

/** Ids of the tokens that kboot made and that are still in the cluster. */
export async function leftTokens(master: Host, signal?: AbortSignal): Promise<readonly string[]> {
  const argv = ['kubeadm', '--kubeconfig', ADMIN_CONF, 'token', 'list', '-o', 'json'] as const;
  const { stdout } = await master.query({ argv, sudo: true, secretOutput: true }, signal);
  return tokensMadeByKboot(stdout, master.name);
}

/** Makes one. kubeadm prints it, so it never stands in a command line. */
export async function createToken(master: Host, signal: AbortSignal): Promise<Token> {
  const argv = [
    ...(['kubeadm', '--kubeconfig', ADMIN_CONF, 'token', 'create'] as const),
    ...['--ttl', TOKEN_TTL, '--description', TOKEN_DESCRIPTION],
  ] as const;
  const { stdout } = await master.change({ argv, sudo: true, secretOutput: true }, signal);
  return parseToken(stdout.trim());
}

/** Deletes the token of this id. */
export async function deleteToken(master: Host, id: string, signal: AbortSignal): Promise<void> {
  await master.change(
    { argv: ['kubeadm', '--kubeconfig', ADMIN_CONF, 'token', 'delete', id], sudo: true },
    signal,
  );
}
