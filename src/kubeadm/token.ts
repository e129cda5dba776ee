import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { KbootError } from '../lib/errors.ts';
import { Secret } from '../lib/secret.ts';

/** Life of every token kboot makes: long enough for a slow join, short enough to be worth little. */
export const TOKEN_TTL = '15m0s';

/** Marks kboot's tokens in the cluster, so that those of a killed run are found and swept. */
export const TOKEN_DESCRIPTION = 'made by kboot for one run';

/** A bootstrap token: `id.secret`. The id is public (it names the Secret), the rest is not. */
export interface Token {
  readonly id: string;
  readonly value: Secret;
  /** The part behind the dot, which signs cluster-info. */
  readonly secret: Secret;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
/** https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/ */
const FORMAT = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;

/** Reads a token; throws TRUST_FAILED without repeating the text, which may be a secret. */
export function parseToken(text: string): Token {
  const [, id, secret] = FORMAT.exec(text) ?? [];
  if (id === undefined || secret === undefined) {
    throw new KbootError('TRUST_FAILED', 'what kubeadm gave back is not a bootstrap token');
  }
  return { id, value: new Secret(text), secret: new Secret(secret) };
}

/** A new random token. */
export function newToken(): Token {
  const characters = (count: number) => Array.from({ length: count }, () => ALPHABET[randomInt(36)]).join('');
  return parseToken(`${characters(6)}.${characters(16)}`);
}

const Listed = z.object({ token: z.string().optional(), description: z.string().optional() });

/**
 * Ids of the tokens that kboot made, from `kubeadm token list -o json`: one JSON object after the other, none
 * at all when there is no token. Throws STATE_INVALID, without repeating the text, for what is no such list.
 */
export function tokensMadeByKboot(listing: string, host: string): readonly string[] {
  const objects = listing.trim() === '' ? [] : listing.trim().split(/\n(?=\{)/);
  try {
    return objects
      .map((text) => Listed.parse(JSON.parse(text)))
      .filter(({ description }) => description === TOKEN_DESCRIPTION)
      .flatMap(({ token }) => (token === undefined ? [] : [parseToken(token).id]));
  } catch {
    throw new KbootError('STATE_INVALID', `${host}: its list of bootstrap tokens cannot be read`, {
      host,
      hint: `look at what \`kubeadm token list -o json\` prints on ${host}`,
    });
  }
}
