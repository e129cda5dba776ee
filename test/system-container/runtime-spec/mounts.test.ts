import { describe } from 'vitest';
import { base, check, mount, V1, V2 } from './check.ts';

describe('mounts', () => {
  check([
    [
      'options of a filesystem on a bind mount',
      mount({ type: 'bind', source: '/a', options: ['rbind', 'rw', 'mode=755', 'size=1k'] }),
      mount({ type: 'bind', source: '/a', options: ['rbind', 'rw'] }),
      ['mounts[/d]: left out mode=755, size=1k, which a bind mount cannot have'],
    ],
    [
      'a bind mount by its options alone',
      mount({ source: '/a', options: ['bind', 'mode=755'] }),
      mount({ source: '/a', options: ['bind'] }),
      ['mounts[/d]: left out mode=755, which a bind mount cannot have'],
    ],
    [
      'a bind mount by its type alone',
      mount({ type: 'bind', source: '/a' }),
      mount({ type: 'bind', source: '/a', options: ['bind'] }),
      ['mounts[/d]: added the option bind, without which it is none'],
    ],
    [
      'the same on a tmpfs stays',
      mount({ type: 'tmpfs', options: ['mode=755'] }),
      mount({ type: 'tmpfs', options: ['mode=755'] }),
      [],
    ],
    [
      'options as one text',
      mount({ type: 'tmpfs', options: 'ro,size=1k' }),
      mount({ type: 'tmpfs', options: ['ro', 'size=1k'] }),
      ['mounts[/d]: its options are now a list'],
    ],
    [
      'a relative destination',
      base({ mounts: [{ destination: 'd', type: 'proc' }] }),
      base({ mounts: [{ destination: '/d', type: 'proc' }] }),
      ['mounts[d]: the destination is now /d'],
    ],
    [
      'devices that are not there',
      mount({ type: 'bind', source: '/dev/virtio-ports/', options: ['bind'] }),
      base({ mounts: [] }),
      ['left out mounts[/d]: this machine has no /dev/virtio-ports'],
      { absent: new Set(['/dev/virtio-ports', '/srv/state']) },
    ],
    [
      'a file of another distribution that is only read',
      mount({ type: 'bind', source: '/etc/redhat-release', options: ['bind', 'ro'] }),
      base({ mounts: [] }),
      ['left out mounts[/d]: this machine has no /etc/redhat-release'],
      { nobodys: new Set(['/etc/redhat-release']) },
    ],
    ...['/etc/localtime', '/etc/pki', '/etc/pki/'].map(
      (source) =>
        [
          `${source} of a distribution where it is only read`,
          mount({ type: 'bind', source, options: ['rbind', 'ro'] }),
          base({ mounts: [] }),
          [`left out mounts[/d]: this machine has no ${source.replace(/\/$/, '')}`],
          { nobodys: new Set(['/etc/localtime', '/etc/pki']) },
        ] as const,
    ),
    [
      'certificates in a place of a distribution stay: they may come before the start',
      mount({ type: 'bind', source: '/etc/pki/app', options: ['bind', 'ro'] }),
      mount({ type: 'bind', source: '/etc/pki/app', options: ['bind', 'ro'] }),
      [],
      { nobodys: new Set(['/etc/pki/app']) },
    ],
    [
      'configuration that is not there yet stays: it may come before the start',
      mount({ type: 'bind', source: '/etc/kubernetes/pki/etcd', options: ['bind', 'ro'] }),
      mount({ type: 'bind', source: '/etc/kubernetes/pki/etcd', options: ['bind', 'ro'] }),
      [],
      { nobodys: new Set(['/etc/kubernetes/pki/etcd']) },
    ],
    [
      'a folder that is not there stays: tmpfiles makes it',
      mount({ type: 'bind', source: '/srv/state', options: ['bind'] }),
      mount({ type: 'bind', source: '/srv/state', options: ['bind'] }),
      [],
      { absent: new Set(['/srv/state']) },
    ],
    [
      'cgroup2 where there is version 1',
      mount({ type: 'cgroup2' }),
      mount({ type: 'cgroup' }),
      ['mounts[/d]: is now of the type cgroup: this machine has version 1'],
      V1,
    ],
    [
      'a hierarchy of version 1 where there is version 2',
      mount({ type: 'cgroup', options: ['ro', 'name=systemd'] }),
      mount({ type: 'cgroup', options: ['ro'] }),
      ['mounts[/d]: left out name=systemd, which version 2 of cgroups does not have'],
      V2,
    ],
  ]);
});
