import { describe } from 'vitest';
import type { Json } from '../../../src/system-container/runtime-spec/json.ts';
import { check, linux, V1, V2 } from './check.ts';

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
