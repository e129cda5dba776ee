import { expect, it } from 'vitest';
import { kubeletMounts } from '../../src/phases/kubelet-mounts.ts';

const mountsOf = (topLevel: readonly string[], ...present: readonly string[]) =>
  JSON.parse(`[0${kubeletMounts({ topLevel, present: new Set(present) })}]`).slice(1);

it('shows every top-level directory but those of the image, /var first', () => {
  const mounts = mountsOf([
    'bin',
    'data',
    'dev',
    'etc',
    'lib',
    'lib64',
    'lost+found',
    'proc',
    'sbin',
    'usr',
    'var',
  ]);
  expect(mounts.map(({ destination }: { destination: string }) => destination)).toEqual([
    '/var',
    '/data',
    '/dev',
    '/etc',
  ]);
  expect(mounts[0]).toEqual({
    type: 'bind',
    source: '/var',
    destination: '/var',
    options: ['rbind', 'rslave'],
  });
});

it('adds what pods look for below /usr, read-only, where the machine has it', () => {
  expect(mountsOf([], '/lib/modules', '/nowhere')).toEqual([
    { type: 'bind', source: '/lib/modules', destination: '/lib/modules', options: ['rbind', 'rslave', 'ro'] },
  ]);
});

it('quotes odd names', () => {
  expect(mountsOf(['a "b"'])[0].source).toBe('/a "b"');
});
