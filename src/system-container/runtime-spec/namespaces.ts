import { isObject, leaveOut, listIn, objectAt, objectsIn, says, type Translation } from './json.ts';

/** Names that other programs have for namespaces. */
const NAMES: Readonly<Record<string, string>> = { mnt: 'mount', net: 'network' };

const PROPAGATIONS = 'private rprivate slave rslave shared rshared unbindable runbindable'.split(' ');

/** Namespaces that the machine has, and nothing that needs one of those that the container does not have. */
export function namespaces(translation: Translation): void {
  const { config, facts, tell } = translation;
  const linux = objectAt(config, 'linux');
  for (const namespace of objectsIn(linux, 'namespaces')) {
    const name = NAMES[String(namespace['type'])];
    if (name === undefined) continue;
    tell(`linux.namespaces: ${String(namespace['type'])} is now ${name}`);
    namespace['type'] = name;
  }
  const lacks = objectsIn(linux, 'namespaces').filter(
    ({ type }) => facts.namespaces !== undefined && !facts.namespaces.has(String(type)),
  );
  if (linux !== undefined && lacks.length > 0) {
    linux['namespaces'] = listIn(linux, 'namespaces').filter(
      (each) => !isObject(each) || !lacks.includes(each),
    );
    const names = lacks.map(({ type }) => String(type)).join(', ');
    tell(`linux.namespaces: left out what this machine does not have: ${names}`);
  }
  withoutNamespace(translation);
  propagation(translation);
}

/** What the runtime refuses for a container that shares the machine's own namespace. */
function withoutNamespace({ config, tell }: Translation): void {
  const linux = objectAt(config, 'linux');
  const has = new Set(objectsIn(linux, 'namespaces').map(({ type }) => String(type)));
  if (!has.has('uts')) {
    for (const key of ['hostname', 'domainname']) {
      if (!says(config[key])) continue;
      delete config[key];
      tell(`left out ${key}: the container has the machine's own name`);
    }
  }
  if (!has.has('user')) {
    const why = 'the container has no user namespace';
    for (const key of ['uidMappings', 'gidMappings']) leaveOut(tell, linux, 'linux', key, why);
  }
  if (!has.has('mount')) {
    const why = "the container has the machine's own mounts";
    for (const key of ['maskedPaths', 'readonlyPaths']) leaveOut(tell, linux, 'linux', key, why);
  }
  const sysctl = objectAt(config, 'linux', 'sysctl');
  for (const name of Object.keys(sysctl ?? {})) {
    if (sysctl === undefined || has.has(namespaceOf(name))) continue;
    delete sysctl[name];
    tell(`left out linux.sysctl.${name}: it would be the machine's own`);
  }
}

/** The namespace that a kernel setting belongs to; `none` for one of the machine. */
function namespaceOf(sysctl: string): string {
  if (/^net[./]/.test(sysctl)) return 'network';
  if (/^fs[./]mqueue[./]|^kernel[./](?:msg(?:max|mnb|mni)|sem|shm(?:all|max|mni|_rmid_forced))$/.test(sysctl))
    return 'ipc';
  return /^kernel[./]domainname$/.test(sysctl) ? 'uts' : 'none';
}

function propagation({ config, tell }: Translation): void {
  const linux = objectAt(config, 'linux');
  const value = linux?.['rootfsPropagation'];
  if (linux === undefined || typeof value !== 'string' || value === '' || PROPAGATIONS.includes(value))
    return;
  delete linux['rootfsPropagation'];
  tell(`left out linux.rootfsPropagation: there is no ${JSON.stringify(value)}`);
}
