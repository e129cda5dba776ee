import { describe } from 'vitest';
import { base, check, linux, process } from './check.ts';

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
