import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { newToken, parseToken, TOKEN_DESCRIPTION, tokensMadeByKboot } from '../../src/kubeadm/token.ts';

it('makes tokens in the format of bootstrap tokens, all different', () => {
  const tokens = Array.from({ length: 50 }, () => newToken().value.reveal());
  for (const token of tokens) expect(token).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
  expect(new Set(tokens).size).toBe(50);
});

it.each(['', 'abcdef', 'ABCDEF.0123456789abcdef', 'abcdef.0123456789abcde', ' abcdef.0123456789abcdef'])(
  'refuses %j without repeating it',
  (text) => {
    expect(() => parseToken(text)).toThrow('what kubeadm gave back is not a bootstrap token');
  },
);

it('prints no secret', () => {
  expect(inspect(parseToken('abcdef.0123456789abcdef'))).not.toContain('0123456789abcdef');
});

it('finds its own tokens in what kubeadm lists', () => {
  const one = (token: string, description?: string) =>
    JSON.stringify(
      { kind: 'BootstrapToken', token, ...(description !== undefined && { description }) },
      null,
      4,
    );
  const listing = [
    one('aaaaaa.0123456789abcdef', TOKEN_DESCRIPTION),
    one('bbbbbb.0123456789abcdef', 'somebody else'),
    one('cccccc.0123456789abcdef'),
    one('dddddd.0123456789abcdef', TOKEN_DESCRIPTION),
  ].join('\n');
  expect(tokensMadeByKboot(`${listing}\n`, 'm')).toEqual(['aaaaaa', 'dddddd']);
  expect(tokensMadeByKboot('', 'm')).toEqual([]);
});

it('refuses a list that is none, without repeating it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try {
        tokensMadeByKboot(text, 'm');
      } catch (error) {
        expect(error).toMatchObject({ code: 'STATE_INVALID', host: 'm' });
      }
    }),
  );
  expect(() => tokensMadeByKboot('error: abcdef.0123456789abcdef', 'm')).toThrow(
    expect.objectContaining({ message: 'm: its list of bootstrap tokens cannot be read' }),
  );
});
