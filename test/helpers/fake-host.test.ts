import { expect, test } from 'vitest';
import { FakeHost } from './fake-host.ts';

test('fails on what was not foreseen', async () => {
  const host = new FakeHost('cp-1', { 'sudo id': '' });
  await expect(host.query({ argv: ['id'] })).rejects.toThrow('cp-1: not foreseen by the test: id');
  await expect(host.hold({ argv: ['id'] })).rejects.toThrow('not foreseen');
  expect(host.transcript).toEqual([]);
});

test('finds the reply by line, list, pattern or function', async () => {
  const host = new FakeHost('cp-1', { 'sudo id -u': '0\n' })
    .on(['echo', 'a b'], 'list\n')
    .on(/^cat /, 'pattern\n')
    .on(
      ({ argv }) => argv[0] === 'ls',
      ({ argv }) => `${argv.length}\n`,
    );
  expect((await host.query({ argv: ['id', '-u'], sudo: true })).stdout).toBe('0\n');
  expect((await host.query({ argv: ['echo', 'a b'] })).stdout).toBe('list\n');
  expect((await host.query({ argv: ['cat', '/x'] })).stdout).toBe('pattern\n');
  expect((await host.change({ argv: ['ls', '/'] })).stdout).toBe('2\n');
  expect(host.transcript).toEqual(['? sudo id -u', "? echo 'a b'", '? cat /x', '! ls /']);
});

test('answers once where that was said', async () => {
  const host = new FakeHost().once(['x'], 'first').on(['x'], 'then');
  const answers = [];
  for (let i = 0; i < 3; i++) answers.push((await host.query({ argv: ['x'] })).stdout);
  expect(answers).toEqual(['first', 'then', 'then']);
});

test('records files and what went in', async () => {
  const host = new FakeHost('cp-1', { tee: '' });
  await host.writeFile('/etc/x', 'content', 0o644);
  await host.change({ argv: ['tee'], stdin: 'typed' });
  expect(host.files.get('/etc/x')).toEqual({ content: 'content', mode: 0o644 });
  expect(host.calls).toMatchObject([{ command: { argv: ['tee'] }, stdin: 'typed' }]);
  expect(host.transcript).toEqual(['w 0644 /etc/x', '! tee']);
});
