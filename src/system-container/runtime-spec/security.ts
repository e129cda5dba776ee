import {
  isObject,
  type Json,
  leaveOut,
  listIn,
  objectAt,
  objectsIn,
  type Translation,
  textsIn,
} from './json.ts';

/** Labels of SELinux and profiles of AppArmor that the machine does not have: the runtime would refuse them. */
export function labels({ config, facts, tell }: Translation): void {
  if (facts.selinux === false) {
    const why = 'this machine has no SELinux';
    leaveOut(tell, objectAt(config, 'process'), 'process', 'selinuxLabel', why);
    leaveOut(tell, objectAt(config, 'linux'), 'linux', 'mountLabel', why);
  }
  const process = objectAt(config, 'process');
  const profile = process?.['apparmorProfile'];
  if (typeof profile !== 'string' || profile === 'unconfined') return;
  if (facts.apparmor === false) {
    leaveOut(tell, process, 'process', 'apparmorProfile', 'this machine has no AppArmor');
  } else if (facts.profiles && !facts.profiles.has(profile)) {
    leaveOut(tell, process, 'process', 'apparmorProfile', `this machine has no profile ${profile}`);
  }
}

/** A filter of system calls in today's form, as far as the runtime can filter. */
export function seccomp({ config, facts, tell }: Translation): void {
  const linux = objectAt(config, 'linux');
  const filter = linux?.['seccomp'];
  if (linux === undefined || !isObject(filter)) return;
  if (facts.seccomp === 'none') {
    leaveOut(tell, linux, 'linux', 'seccomp', 'the runtime was built without it');
    return;
  }
  callNames(filter, tell);
  const known = facts.seccomp;
  if (known === undefined) return;
  const archs = textsIn(filter, 'architectures');
  const foreign = archs.filter((arch) => !known.archs.has(arch));
  if (foreign.length > 0) {
    filter['architectures'] = archs.filter((arch) => known.archs.has(arch));
    tell(`linux.seccomp: left out architectures that the runtime does not know: ${foreign.join(', ')}`);
  }
}

/** `syscalls[].name` was one name where `names` is a list. */
function callNames(filter: Json, tell: Translation['tell']): void {
  let renamed = false;
  for (const call of objectsIn(filter, 'syscalls')) {
    for (const key of ['name', 'syscallName']) {
      const name = call[key];
      if (typeof name !== 'string') continue;
      delete call[key];
      call['names'] = [...new Set([...textsIn(call, 'names'), name])];
      renamed = true;
    }
  }
  if (renamed) tell('linux.seccomp: name of a system call is now the list names');
  const empty = objectsIn(filter, 'syscalls').filter((call) => textsIn(call, 'names').length === 0);
  if (empty.length === 0) return;
  filter['syscalls'] = listIn(filter, 'syscalls').filter((call) => !empty.includes(call as Json));
  tell(`linux.seccomp: left out ${empty.length} rules without the name of a system call`);
}

/** The programs of hooks, whose existence decides. */
export const hookPrograms = (config: Json): readonly string[] =>
  Object.keys(objectAt(config, 'hooks') ?? {}).flatMap((kind) =>
    objectsIn(objectAt(config, 'hooks'), kind).flatMap(({ path }) =>
      typeof path === 'string' ? [path] : [],
    ),
  );

/** Programs of other distributions which are to be run beside the container, and are not there. */
export function hooks({ config, facts, tell }: Translation): void {
  const all = objectAt(config, 'hooks');
  for (const kind of Object.keys(all ?? {})) {
    const list = objectsIn(all, kind);
    const gone = list.filter(({ path }) => facts.absent?.has(String(path)));
    if (all === undefined || gone.length === 0) continue;
    all[kind] = list.filter((hook) => !gone.includes(hook));
    tell(`left out hooks.${kind}: this machine has no ${gone.map(({ path }) => String(path)).join(', ')}`);
  }
}
