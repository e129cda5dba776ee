import { expect, test } from 'vitest';
import { sshCommand } from '../../src/lab/open-ssh.ts';

test.each([
  ['a shell', [], []],
  ['a word for the login shell', ['ls | wc'], ['ls | wc']],
  ['words that stay words', ['echo', 'a  b', '$HOME', "it's"], ["echo 'a  b' '$HOME' 'it'\\''s'"]],
])('%s', (_title, argv, last) => {
  expect(sshCommand('/s/ssh_config', 'node1.example.com', argv)).toEqual([
    ...['ssh', '-F', '/s/ssh_config', 'node1.example.com', ...last],
  ]);
});
