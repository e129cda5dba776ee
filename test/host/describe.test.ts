import { expect, test } from 'vitest';
import { describe, lastLine } from '../../src/host/describe.ts';
import { script } from '../helpers/script.ts';

test.each([
  [{ argv: ['kubeadm', 'init', '--config', '/run/a b'] as const }, "kubeadm init --config '/run/a b'"],
  [{ argv: ['id'] as const, sudo: true }, 'sudo id'],
  [{ argv: ['printf', '\x1b[2J\n'] as const }, "printf '\\x1b[2J\\n'"],
  [{ ...script('# why\nset -u\n  cat "$1"\nrm "$1"', '/a'), sudo: true }, 'sudo kboot /a'],
  [{ argv: ['rm', '/a'] as const, under: ['flock', '--shared', '/run/lock'] }, 'rm /a'],
])('shows %j', (command, shown) => {
  expect(describe(command)).toBe(shown);
});

test('cuts long commands off', () => {
  expect(describe({ argv: ['echo', 'x'.repeat(1000)] }).length).toBeLessThan(250);
});

test.each([
  ['', ''],
  ['one\n', 'one'],
  ['one\n  two \n\n', 'two'],
  ['\x1b[31merror\x1b[0m\r\n', '\\x1b[31merror\\x1b[0m'],
])('takes the last line of %j', (text, last) => {
  expect(lastLine(text)).toBe(last);
});
