import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { DryRunHost } from '../../src/host/dry-run.ts';
import { FakeHost } from '../helpers/fake-host.ts';

test('answers questions and changes nothing', async () => {
  const inner = new FakeHost('cp-1', { uptime: 'up\n' });
  const host = new DryRunHost(inner);
  expect(host.name).toBe('cp-1');
  expect(await host.query({ argv: ['uptime'] })).toEqual({ stdout: 'up\n', stderr: '' });
  expect(await host.change({ argv: ['reboot'], sudo: true })).toEqual({ stdout: '', stderr: '' });
  await host.writeFile('/etc/x', 'é secret', 0o600);
  const held = await host.hold({ argv: ['flock', '/run/x', 'cat'] });
  await held[Symbol.asyncDispose]();
  expect(inner.transcript).toEqual(['? uptime']);
  expect(host.changes).toEqual(['sudo reboot', 'write /etc/x (mode 0600, 9 bytes)']);
});

test('lets go of a stream that nobody will read', async () => {
  const stdin = Readable.from(['content']);
  await new DryRunHost(new FakeHost()).change({ argv: ['tar', '-x'], stdin });
  expect(stdin.destroyed).toBe(true);
});

test('can be cancelled, and is disposed with what it wraps', async () => {
  const inner = new FakeHost();
  const host = new DryRunHost(inner);
  const signal = AbortSignal.abort(new Error('stop'));
  await expect(host.change({ argv: ['x'] }, signal)).rejects.toThrow('stop');
  await expect(host.writeFile('/x', '', 0o600, signal)).rejects.toThrow('stop');
  await host[Symbol.asyncDispose]();
  expect(inner.disposed).toBe(true);
  expect(host.changes).toEqual([]);
});
