import { describe, expect, test } from 'vitest';
import { translateConfig } from '../../../src/system-container/runtime-spec/translate.ts';
import { base, check, linux, namespaces, process } from './check.ts';

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

test('an empty configuration stays empty', () => {
  expect(translateConfig({}, { capabilities: [], facts: {} })).toEqual({ config: {}, changes: [] });
});
