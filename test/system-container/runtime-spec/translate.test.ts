import { describe, expect, test } from 'vitest';
import type { SpecFacts } from '../../../src/system-container/runtime-spec/facts.ts';
import type { Json } from '../../../src/system-container/runtime-spec/json.ts';
import { translateConfig } from '../../../src/system-container/runtime-spec/translate.ts';

/** A machine of today with cgroup v1, that has all that it can have. */
const CAPABILITIES = ['CAP_KILL', 'CAP_CHOWN', 'CAP_SYS_RESOURCE', 'CAP_MKNOD'];
const V1: SpecFacts = { cgroup: 1 };
const V2: SpecFacts = { cgroup: 2 };

const base = (part: Json): Json => ({
  ociVersion: '1.0.2',
  root: { path: 'rootfs', readonly: true },
  ...part,
});
const process = (part: Json): Json => base({ process: { cwd: '/', ...part } });
const linux = (part: Json): Json => base({ linux: part });
const mount = (part: Json): Json => base({ mounts: [{ destination: '/d', ...part }] });
const namespaces = (...types: string[]) => types.map((type) => ({ type }));

type Row = readonly [what: string, given: Json, wanted: Json, changes: readonly string[], facts?: SpecFacts];

function check(rows: readonly Row[], capabilities = CAPABILITIES): void {
  test.each(rows.map((row) => ({ row, title: row[0] })))('$title', ({ row }) => {
    const [, given, wanted, changes, facts = {}] = row;
    const before = structuredClone(given);
    const translated = translateConfig(given, { capabilities, facts });
    expect(translated).toEqual({ config: wanted, changes });
    expect(given).toEqual(before);
    // What was translated needs no translation.
    expect(translateConfig(translated.config, { capabilities, facts }).config).toBe(translated.config);
  });
}

describe('forms of earlier versions', () => {
  const SETS = { bounding: ['CAP_KILL'], permitted: ['CAP_KILL'], effective: ['CAP_KILL'] };
  const AS_SETS = 'process.capabilities was a list: it is now the sets bounding, permitted and effective';
  check([
    [
      'a version before 1.0.0, with its platform',
      { ...process({}), ociVersion: '0.3.0', platform: { os: 'linux', arch: 'amd64' } },
      process({}),
      ['ociVersion 0.3.0 is now 1.0.2', 'left out platform: the runtime does not read it any more'],
    ],
    [
      'a candidate of 1.0.0',
      { ...process({}), ociVersion: '1.0.0-rc3' },
      process({}),
      ['ociVersion 1.0.0-rc3 is now 1.0.2'],
    ],
    [
      'capabilities as a list',
      process({ capabilities: ['CAP_KILL'] }),
      process({ capabilities: SETS }),
      [AS_SETS],
    ],
    [
      'capabilities under linux',
      base({ process: { cwd: '/' }, linux: { capabilities: ['CAP_KILL'] } }),
      base({ process: { cwd: '/', capabilities: SETS }, linux: {} }),
      ['linux.capabilities is now process.capabilities', AS_SETS],
    ],
    [
      'both: the place of today counts',
      base({ process: { cwd: '/', capabilities: SETS }, linux: { capabilities: ['CAP_CHOWN'] } }),
      base({ process: { cwd: '/', capabilities: SETS }, linux: {} }),
      ['linux.capabilities left out: process.capabilities is there'],
    ],
    [
      'short names of capabilities',
      process({ capabilities: { bounding: ['kill'] } }),
      process({ capabilities: { bounding: ['CAP_KILL'] } }),
      ['process.capabilities: written as CAP_KILL'],
    ],
    [
      'limits, labels and the rest under linux',
      base({
        process: { cwd: '/' },
        linux: {
          rlimits: [{ type: 'RLIMIT_CORE', hard: 1, soft: 1 }],
          noNewPrivileges: true,
          selinuxProcessLabel: 'a:b:c',
          apparmorProfile: '',
          resources: { oomScoreAdj: 5, disableOOMKiller: true },
        },
      }),
      base({
        process: {
          cwd: '/',
          rlimits: [{ type: 'RLIMIT_CORE', hard: 1, soft: 1 }],
          noNewPrivileges: true,
          selinuxLabel: 'a:b:c',
          oomScoreAdj: 5,
        },
        linux: { resources: { memory: { disableOOMKiller: true } } },
      }),
      [
        'linux.rlimits is now process.rlimits',
        'linux.noNewPrivileges is now process.noNewPrivileges',
        'linux.selinuxProcessLabel is now process.selinuxLabel',
        'linux.resources.oomScoreAdj is now process.oomScoreAdj',
        'linux.resources.disableOOMKiller is now linux.resources.memory.disableOOMKiller',
      ],
    ],
    [
      'block devices',
      linux({
        resources: {
          blockIO: { blkioWeight: 10, blkioThrottleReadBpsDevice: [{ major: 8, minor: 0, rate: 1 }] },
        },
      }),
      linux({
        resources: { blockIO: { weight: 10, throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1 }] } },
      }),
      [
        'linux.resources.blockIO.blkioWeight is now weight',
        'linux.resources.blockIO.blkioThrottleReadBpsDevice is now throttleReadBpsDevice',
      ],
    ],
    [
      'a class of network traffic as tc writes it',
      linux({ resources: { network: { classID: '10:1' } } }),
      linux({ resources: { network: { classID: 0x100001 } } }),
      ['linux.resources.network.classID "10:1" is now 1048577'],
    ],
    [
      'types of devices as numbers',
      linux({ devices: [{ path: '/dev/x', type: 99, major: 1, minor: 3 }] }),
      linux({ devices: [{ path: '/dev/x', type: 'c', major: 1, minor: 3 }] }),
      ['linux.devices: type 99 is now c'],
    ],
    [
      'a filter whose rules have one name each',
      linux({
        seccomp: {
          defaultAction: 'SCMP_ACT_ERRNO',
          syscalls: [{ name: 'read', action: 'SCMP_ACT_ALLOW' }, { action: 'SCMP_ACT_ALLOW' }],
        },
      }),
      linux({
        seccomp: {
          defaultAction: 'SCMP_ACT_ERRNO',
          syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }],
        },
      }),
      [
        'linux.seccomp: name of a system call is now the list names',
        'linux.seccomp: left out 1 rules without the name of a system call',
      ],
    ],
    [
      'namespaces as ip and unshare call them',
      linux({ namespaces: namespaces('net', 'mnt') }),
      linux({ namespaces: namespaces('network', 'mount') }),
      ['linux.namespaces: net is now network', 'linux.namespaces: mnt is now mount'],
    ],
  ]);

  test('what no version knows stays, and is told', () => {
    const given = { ...process({ colour: 1 }), x: 1 };
    expect(translateConfig(given, { capabilities: [], facts: {} })).toEqual({
      config: given,
      changes: ['the runtime will pass over what it does not know: x, process.colour'],
    });
  });
});

describe('the process', () => {
  check([
    [
      'a terminal',
      process({ terminal: true, consoleSize: { height: 1, width: 1 } }),
      process({ terminal: false }),
      [
        'process.terminal is now false: a service has none',
        'left out process.consoleSize: there is no terminal',
      ],
    ],
    [
      'no directory',
      base({ process: {} }),
      process({}),
      ['process.cwd is now /: it has to be an absolute path'],
    ],
    [
      'a user as one text',
      process({ user: '1000:100' }),
      process({ user: { uid: 1000, gid: 100 } }),
      ['process.user "1000:100" is now {"uid":1000,"gid":100}'],
    ],
    [
      'root by name',
      process({ user: 'root' }),
      process({ user: { uid: 0, gid: 0 } }),
      ['process.user "root" is now {"uid":0,"gid":0}'],
    ],
    [
      'ids as texts',
      process({ user: { uid: '7', gid: 8 } }),
      process({ user: { uid: 7, gid: 8 } }),
      ['process.user.uid is now the number 7'],
    ],
    [
      'limits of odd names, twice, and turned around',
      process({
        rlimits: [
          { type: 'nofile', hard: 5, soft: 9 },
          { type: 'RLIMIT_NOFILE', hard: 1, soft: 1 },
          { type: 'RLIMIT_X', hard: 1, soft: 1 },
        ],
      }),
      process({ rlimits: [{ type: 'RLIMIT_NOFILE', hard: 5, soft: 5 }] }),
      [
        'process.rlimits: nofile is now RLIMIT_NOFILE',
        'process.rlimits: RLIMIT_NOFILE soft 9 is now 5: it cannot be above the hard one',
        'left out the limit RLIMIT_NOFILE: it is there twice',
        'left out the limit RLIMIT_X: there is none of this name',
      ],
    ],
    [
      'more open files than the kernel allows anybody',
      process({ rlimits: [{ type: 'RLIMIT_NOFILE', hard: 2000, soft: 1 }] }),
      process({ rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1000, soft: 1 }] }),
      ['process.rlimits: RLIMIT_NOFILE hard 2000 is now 1000: this machine cannot give more'],
      { openFiles: 1000 },
    ],
  ]);

  describe('on a machine without CAP_SYS_RESOURCE and CAP_MKNOD', () => {
    check(
      [
        [
          'higher limits',
          process({
            rlimits: [
              { type: 'RLIMIT_NPROC', hard: 9, soft: 9 },
              { type: 'RLIMIT_CORE', hard: 9, soft: 9 },
            ],
          }),
          process({
            rlimits: [
              { type: 'RLIMIT_NPROC', hard: 4, soft: 4 },
              { type: 'RLIMIT_CORE', hard: 9, soft: 9 },
            ],
          }),
          [
            'process.rlimits: RLIMIT_NPROC hard 9 is now 4: this machine cannot give more',
            'process.rlimits: RLIMIT_NPROC soft 9 is now 4: it cannot be above the hard one',
          ],
          {
            hardLimits: new Map([
              ['RLIMIT_NPROC', 4],
              ['RLIMIT_CORE', Infinity],
            ]),
          },
        ],
        [
          'better protection from the OOM killer',
          process({ oomScoreAdj: -999 }),
          process({}),
          ['left out process.oomScoreAdj: this machine cannot give less than 0'],
          { oomScoreAdj: 0 },
        ],
        [
          'device nodes',
          linux({ devices: [{ path: '/dev/x', type: 'c', major: 1, minor: 3 }] }),
          linux({}),
          ['left out linux.devices: this machine cannot make device nodes'],
        ],
      ],
      ['CAP_KILL'],
    );
  });

  describe('capabilities', () => {
    check([
      [
        'that the machine cannot give',
        process({ capabilities: { bounding: ['CAP_KILL', 'CAP_BPF'], effective: ['CAP_BPF'], ambient: [] } }),
        process({ capabilities: { bounding: ['CAP_KILL'], effective: [], ambient: [] } }),
        ['left out what this machine cannot give: CAP_BPF'],
      ],
      [
        'that other sets do not allow',
        process({
          capabilities: { permitted: ['CAP_KILL'], effective: ['CAP_CHOWN'], ambient: ['CAP_KILL'] },
        }),
        process({ capabilities: { permitted: ['CAP_KILL'], effective: [], ambient: [] } }),
        [
          'left out of process.capabilities.effective what its other sets do not allow: CAP_CHOWN',
          'left out of process.capabilities.ambient what its other sets do not allow: CAP_KILL',
        ],
      ],
    ]);
  });
});

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

describe('labels, filters and hooks that the machine does not have', () => {
  const labelled = base({
    process: { cwd: '/', selinuxLabel: 'a:b:c', apparmorProfile: 'p' },
    linux: { mountLabel: 'a:b:d' },
  });
  const seccomp = { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_NEW'] };
  const hooks = { prestart: [{ path: '/usr/libexec/hook' }], poststop: [{ path: '/bin/true' }] };
  check([
    [
      'SELinux and AppArmor',
      labelled,
      base({ process: { cwd: '/' }, linux: {} }),
      [
        'left out process.selinuxLabel: this machine has no SELinux',
        'left out linux.mountLabel: this machine has no SELinux',
        'left out process.apparmorProfile: this machine has no AppArmor',
      ],
      { selinux: false, apparmor: false },
    ],
    [
      'a machine that has them',
      labelled,
      labelled,
      [],
      { selinux: true, apparmor: true, profiles: new Set(['p']) },
    ],
    [
      'a profile that is not loaded',
      process({ apparmorProfile: 'p' }),
      process({}),
      ['left out process.apparmorProfile: this machine has no profile p'],
      { apparmor: true, profiles: new Set(['q']) },
    ],
    [
      'unconfined',
      process({ apparmorProfile: 'unconfined' }),
      process({ apparmorProfile: 'unconfined' }),
      [],
      { apparmor: true, profiles: new Set() },
    ],
    [
      'a runtime without filters',
      linux({ seccomp }),
      linux({}),
      ['left out linux.seccomp: the runtime was built without it'],
      { seccomp: 'none' },
    ],
    [
      'an architecture that the runtime does not know',
      linux({ seccomp }),
      linux({ seccomp: { ...seccomp, architectures: ['SCMP_ARCH_X86_64'] } }),
      ['linux.seccomp: left out architectures that the runtime does not know: SCMP_ARCH_NEW'],
      { seccomp: { actions: new Set(), operators: new Set(), archs: new Set(['SCMP_ARCH_X86_64']) } },
    ],
    [
      'a program of another distribution',
      base({ hooks }),
      base({ hooks: { ...hooks, prestart: [] } }),
      ['left out hooks.prestart: this machine has no /usr/libexec/hook'],
      { absent: new Set(['/usr/libexec/hook']) },
    ],
  ]);
});

describe('namespaces', () => {
  const all = namespaces('mount', 'uts', 'user', 'network', 'ipc');
  const full = {
    ...linux({
      namespaces: all,
      uidMappings: [{}],
      maskedPaths: ['/x'],
      sysctl: { 'net.x': '1', 'kernel.sem': '1' },
    }),
    hostname: 'h',
  };
  check([
    [
      'what has its namespace stays',
      full,
      full,
      [],
      { namespaces: new Set(['mount', 'uts', 'user', 'network', 'ipc']) },
    ],
    [
      'a machine without user namespaces',
      linux({ namespaces: namespaces('mount', 'user'), uidMappings: [{ hostID: 0 }], gidMappings: [] }),
      linux({ namespaces: namespaces('mount'), gidMappings: [] }),
      [
        'linux.namespaces: left out what this machine does not have: user',
        'left out linux.uidMappings: the container has no user namespace',
      ],
      { namespaces: new Set(['mount']) },
    ],
    [
      'a name and settings that would be the machine’s',
      { ...linux({ namespaces: namespaces('mount'), sysctl: { 'net.x': '1', 'vm.y': '1' } }), hostname: 'h' },
      linux({ namespaces: namespaces('mount'), sysctl: {} }),
      [
        "left out hostname: the container has the machine's own name",
        "left out linux.sysctl.net.x: it would be the machine's own",
        "left out linux.sysctl.vm.y: it would be the machine's own",
      ],
    ],
    [
      'an unknown propagation',
      linux({ rootfsPropagation: 'sideways' }),
      linux({}),
      ['left out linux.rootfsPropagation: there is no "sideways"'],
    ],
  ]);
});

describe('resources', () => {
  const resources = (part: Json) => linux({ resources: part });
  const rich = {
    memory: { limit: 1, swap: 2, kernel: 3, swappiness: 4 },
    network: { classID: 1 },
    cpu: { cpus: '0', realtimeRuntime: 1 },
  };
  check([
    [
      'of cgroup v1 on a machine with v2',
      resources(rich),
      resources({ memory: { limit: 1, swap: 2 }, network: {}, cpu: { cpus: '0' } }),
      [
        'left out linux.resources.network.classID: version 2 of cgroups has none',
        'left out linux.resources.memory.kernel: kernels limit it with the rest by now',
        'left out linux.resources.memory.swappiness: version 2 of cgroups has none',
        'left out linux.resources.cpu.realtimeRuntime: version 2 of cgroups has none',
      ],
      { ...V2, controllers: new Set(['memory', 'cpu', 'cpuset']) },
    ],
    [
      'of cgroup v2 on a machine with v1',
      resources({ unified: { 'memory.high': '1' } }),
      resources({}),
      ['left out linux.resources.unified: version 1 of cgroups has none'],
      V1,
    ],
    [
      'controllers that are not there',
      resources({
        pids: { limit: 1 },
        hugepageLimits: [{ pageSize: '2MB', limit: 1 }],
        cpu: { mems: '0' },
        memory: { swap: 1 },
      }),
      resources({ cpu: {}, memory: {} }),
      [
        'left out linux.resources.pids: this machine has no controller pids',
        'left out linux.resources.hugepageLimits: this machine has no controller hugetlb',
        'left out linux.resources.memory.swap: this machine does not limit swap',
        'left out linux.resources.cpu.mems: this machine has no controller cpuset',
      ],
      { ...V1, controllers: new Set(['memory', 'cpu']), swapLimit: false },
    ],
    [
      'devices, weights and pages that are not there',
      linux({
        intelRdt: { l3CacheSchema: 'x' },
        resources: {
          blockIO: {
            weight: 1,
            throttleReadBpsDevice: [
              { major: 8, minor: 0 },
              { major: 9, minor: 9 },
            ],
          },
          hugepageLimits: [
            { pageSize: '2MB', limit: 1 },
            { pageSize: '1GB', limit: 1 },
          ],
        },
      }),
      resources({
        blockIO: { throttleReadBpsDevice: [{ major: 8, minor: 0 }] },
        hugepageLimits: [{ pageSize: '2MB', limit: 1 }],
      }),
      [
        'left out linux.intelRdt: this machine has no resctrl',
        'left out linux.resources.blockIO.weight: this machine has no weights for it',
        'linux.resources.blockIO.throttleReadBpsDevice: left out devices that this machine does not have: 9:9',
        'linux.resources.hugepageLimits: left out pages that this machine does not have: 1GB',
      ],
      { ...V1, resctrl: false, ioWeight: false, blockDevices: new Set(['8:0']), hugePages: new Set(['2MB']) },
    ],
    [
      'a path that systemd does not take',
      linux({ cgroupsPath: '/machine/x' }),
      linux({}),
      ['left out linux.cgroupsPath: systemd makes the cgroups, and wants SLICE:PREFIX:NAME'],
      { systemdCgroup: true },
    ],
  ]);
});

test('an empty configuration stays empty', () => {
  expect(translateConfig({}, { capabilities: [], facts: {} })).toEqual({ config: {}, changes: [] });
});
