import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quote, toShell } from '../../src/host/command.ts';
import { COMMAND_PATH, loginLine } from '../../src/host/login-line.ts';

const SHELLS = ['/bin/sh', '/bin/bash', '/usr/bin/fish', '/bin/csh', '/usr/bin/tcsh', '/usr/bin/zsh'];
const installed = SHELLS.filter((shell) => existsSync(shell));

const HARD = [
  "it's",
  'back\\slash',
  "both\\'",
  'history!!',
  '$HOME `id` $(id) "quoted"',
  'two\nlines\n',
  "\\\n'\n\\",
  'é€😀',
  '',
  ' ',
  '*',
  '~',
  '{a,b}',
  '\t\x01\x7f',
  '$n',
  '%s',
  '-n',
  'x'.repeat(5000),
];

/** What a login shell makes of the line: the arguments, as the program gets them. */
function received(shell: string, words: readonly string[]): string[] {
  const line = loginLine({ argv: ['printf', '%s\\0', ...words] }, [], 'run');
  const { stdout, stderr } = spawnSync(shell, ['-c', line]);
  expect(stderr.toString()).toBe('');
  return stdout.toString().split('\0').slice(0, -1);
}

// An argument cannot hold a NUL.
const words = fc.array(
  fc.string({ unit: 'grapheme' }).map((word) => word.replaceAll('\0', '')),
  {
    minLength: 1,
    maxLength: 8,
  },
);

test('at least sh and bash are tried', () => {
  expect(installed).toEqual(expect.arrayContaining(['/bin/sh', '/bin/bash']));
});

describe.each(installed)('%s as login shell', (shell) => {
  test('hands every hard word over unchanged', () => {
    expect(received(shell, HARD)).toEqual(HARD);
  });

  test('hands any words over unchanged', () => {
    const characters = fc.constantFrom(...`'"\\!$\`\n ^~*{}()[]<>|&;#%=?a`);
    const nasty = fc.array(
      fc.array(characters, { maxLength: 12 }).map((list) => list.join('')),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(fc.oneof(words, nasty), (list) => {
        expect(received(shell, list)).toEqual(list);
      }),
      { numRuns: 60 },
    );
  });

  test('runs with its own PATH and language, whatever the login has', () => {
    const line = loginLine({ argv: ['sh', '-c', 'echo "$PATH $LC_ALL"'] }, [], 'run');
    const { stdout } = spawnSync(shell, ['-c', line], {
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'xx_XX', HOME: '/' },
    });
    expect(stdout.toString()).toBe(`${COMMAND_PATH} C\n`);
  });
});

test('quote gives any word back through a real sh', () => {
  fc.assert(
    fc.property(words, (list) => {
      const { stdout } = spawnSync('/bin/sh', ['-c', `printf '%s\\0' ${toShell(list)}`]);
      expect(stdout.toString().split('\0').slice(0, -1)).toEqual(list);
    }),
    { numRuns: 100 },
  );
});

test('quote leaves plain words readable', () => {
  expect(quote('--config=/etc/x.yaml')).toBe('--config=/etc/x.yaml');
  expect(quote('a b')).toBe("'a b'");
});

test('puts the prefix before commands that need root, and the environment after it', () => {
  const line = loginLine({ argv: ['id', '-u'], sudo: true }, ['sudo', '-n'], 'r1');
  expect(line).toContain(`exec sudo -n env PATH=${COMMAND_PATH} LC_ALL=C KBOOT_RUN=r1 id -u`);
  expect(loginLine({ argv: ['id', '-u'] }, ['sudo', '-n'], 'r1')).not.toContain('sudo');
});

test('refuses a NUL character', () => {
  expect(() => loginLine({ argv: ['a\0b'] }, [], 'run')).toThrow(TypeError);
});
