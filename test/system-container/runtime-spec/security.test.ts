import { describe } from 'vitest';
import { base, check, linux, process } from './check.ts';

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
