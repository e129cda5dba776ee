import { expect, test } from 'vitest';
import { isSudoRefusal, parseAccount, rootPrefix } from '../../src/host/account.ts';

const answer = (text: string) => ({ stdout: `kboot-account\n${text}\n`, stderr: '' });

test('root needs no prefix', () => {
  expect(rootPrefix('cp-1', 'root', parseAccount('cp-1', answer('root')))).toEqual([]);
});

test('a login with sudo gets root through it, and sudo never asks', () => {
  expect(rootPrefix('cp-1', 'ada', parseAccount('cp-1', answer('sudo')))).toEqual(['sudo', '-n']);
});

test.each(['sudo: a password is required', 'sudo is not installed', 'ada is not in the sudoers file.'])(
  'says why root is not to be had: %s',
  (reason) => {
    const account = parseAccount('cp-1', answer(reason));
    expect(() => rootPrefix('cp-1', 'ada', account)).toThrow(
      expect.objectContaining({
        code: 'SUDO_REFUSED',
        host: 'cp-1',
        message: `cp-1: ada cannot become root: ${reason}`,
        hint: expect.stringContaining('NOPASSWD'),
      }),
    );
  },
);

test.each(['Welcome!\nkboot-account\nroot\n', '', 'This account is currently not available.\n'])(
  'does not take %j for an answer',
  (stdout) => {
    expect(() => parseAccount('cp-1', { stdout, stderr: '' })).toThrow(
      expect.objectContaining({ code: 'HOST_UNREACHABLE', hint: expect.stringContaining('startup files') }),
    );
  },
);

test('tells a refusal of sudo from a failure of the command', () => {
  expect(isSudoRefusal({ stdout: '', stderr: 'sudo: a password is required\n' })).toBe(true);
  expect(isSudoRefusal({ stdout: '', stderr: 'rm: a password is required\n' })).toBe(false);
});
