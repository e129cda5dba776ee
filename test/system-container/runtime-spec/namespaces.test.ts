import { describe } from 'vitest';
import { check, linux, namespaces } from './check.ts';

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
