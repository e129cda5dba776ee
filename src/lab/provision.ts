import type { LabOptions } from './state.ts';

/** The arguments of remote/lab/provision.sh. */
export function provisionArguments({ user, sudo, shell, virtual }: LabOptions): readonly string[] {
  const usual = virtual === undefined ? '/bin/sh' : '/bin/bash';
  return [user, sudo ? 'sudo' : 'no-sudo', shell === 'fish' ? '/usr/bin/fish' : usual];
}
