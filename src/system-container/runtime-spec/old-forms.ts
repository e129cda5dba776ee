import { isObject, type Json, objectAt, objectsIn, says, type Translation } from './json.ts';

// Where and how config.json said things before version 1.0.0 of the runtime specification, by its release notes and
// schemas (github.com/opencontainers/runtime-spec, tags v0.3.0 to v1.0.0-rc6).

/** The version that has all forms which the rules leave behind. */
const TRANSLATED_TO = '1.0.2';

/** From, to: each was moved once and had the same content before. */
const MOVED: readonly (readonly [readonly string[], readonly string[]])[] = [
  [
    ['linux', 'capabilities'],
    ['process', 'capabilities'],
  ],
  [
    ['linux', 'rlimits'],
    ['process', 'rlimits'],
  ],
  [
    ['linux', 'noNewPrivileges'],
    ['process', 'noNewPrivileges'],
  ],
  [
    ['linux', 'apparmorProfile'],
    ['process', 'apparmorProfile'],
  ],
  [
    ['linux', 'selinuxProcessLabel'],
    ['process', 'selinuxLabel'],
  ],
  [
    ['linux', 'resources', 'oomScoreAdj'],
    ['process', 'oomScoreAdj'],
  ],
  [
    ['linux', 'resources', 'disableOOMKiller'],
    ['linux', 'resources', 'memory', 'disableOOMKiller'],
  ],
];

/** Brings what a later version of the specification keeps elsewhere to its place; what is there already wins. */
export function movedKeys({ config, tell }: Translation): void {
  for (const [from, to] of MOVED) {
    const source = objectAt(config, ...from.slice(0, -1));
    const key = from.at(-1) ?? '';
    if (source === undefined || !(key in source)) continue;
    const value = source[key];
    delete source[key];
    if (!says(value)) continue;
    const target = makeObject(config, to.slice(0, -1));
    const name = to.at(-1) ?? '';
    const isTaken = says(target[name]);
    if (!isTaken) target[name] = value;
    tell(`${from.join('.')} ${isTaken ? `left out: ${to.join('.')} is there` : `is now ${to.join('.')}`}`);
  }
}

function makeObject(config: Json, path: readonly string[]): Json {
  let parent = config;
  for (const key of path) {
    const found = parent[key];
    const child: Json = isObject(found) ? found : {};
    parent[key] = child;
    parent = child;
  }
  return parent;
}

/** `blkioWeight` is `weight`, `blkioThrottleReadBpsDevice` is `throttleReadBpsDevice`. */
export function blockIoNames({ config, tell }: Translation): void {
  const blockIO = objectAt(config, 'linux', 'resources', 'blockIO');
  for (const key of Object.keys(blockIO ?? {})) {
    const [, first, rest] = /^blkio([A-Z])(.*)$/.exec(key) ?? [];
    if (blockIO === undefined || first === undefined) continue;
    const name = `${first.toLowerCase()}${rest}`;
    const value = blockIO[key];
    delete blockIO[key];
    if (!says(value)) continue;
    blockIO[name] ??= value;
    tell(`linux.resources.blockIO.${key} is now ${name}`);
  }
}

/** A class of network traffic was a text, in hex or as tc writes it (`MAJOR:MINOR`, in hex). */
export function networkClass({ config, tell }: Translation): void {
  const network = objectAt(config, 'linux', 'resources', 'network');
  const text = network?.['classID'];
  if (network === undefined || typeof text !== 'string') return;
  const [, major, minor] = /^([0-9a-f]*):([0-9a-f]*)$/i.exec(text) ?? [];
  const value =
    major === undefined
      ? Number(text)
      : Number.parseInt(major || '0', 16) * 65_536 + Number.parseInt(minor || '0', 16);
  if (text !== '' && Number.isSafeInteger(value)) network['classID'] = value;
  else delete network['classID'];
  tell(`linux.resources.network.classID ${JSON.stringify(text)} is now ${network['classID'] ?? 'left out'}`);
}

/** Types of device nodes were numbers of characters in the oldest. */
export function deviceTypes({ config, tell }: Translation): void {
  for (const [list, place] of [
    [objectsIn(objectAt(config, 'linux'), 'devices'), 'linux.devices'],
    [objectsIn(objectAt(config, 'linux', 'resources'), 'devices'), 'linux.resources.devices'],
  ] as const) {
    for (const device of list) {
      const { type } = device;
      if (typeof type !== 'number') continue;
      device['type'] = String.fromCharCode(type);
      tell(`${place}: type ${type} is now ${device['type']}`);
    }
  }
}

/** Says of which version it is now; `platform` went away with 1.0.0-rc6. */
export function version({ config, tell }: Translation): void {
  const { ociVersion } = config;
  if (typeof ociVersion === 'string' && /^0\.|-rc\d*/.test(ociVersion)) {
    config['ociVersion'] = TRANSLATED_TO;
    tell(`ociVersion ${ociVersion} is now ${TRANSLATED_TO}`);
  }
  if ('platform' in config) {
    delete config['platform'];
    tell('left out platform: the runtime does not read it any more');
  }
}

/** Keys of version 1.3 of the specification, by the object that they are in. */
const KNOWN: Readonly<Record<string, string>> = {
  '': 'ociVersion process root hostname domainname mounts hooks annotations linux solaris windows vm zos freebsd',
  root: 'path readonly',
  process:
    'terminal consoleSize user args commandLine env cwd capabilities rlimits noNewPrivileges apparmorProfile oomScoreAdj scheduler selinuxLabel ioPriority execCPUAffinity',
  linux:
    'uidMappings gidMappings sysctl resources cgroupsPath namespaces devices netDevices seccomp rootfsPropagation maskedPaths readonlyPaths mountLabel intelRdt memoryPolicy personality timeOffsets',
};

/** Tells what no version of the specification knows. It stays: the runtime may know better, or passes over it. */
export function unknownKeys({ config, tell }: Translation): void {
  const unknown = Object.entries(KNOWN).flatMap(([place, names]) => {
    const known = new Set(names.split(' '));
    const found = place === '' ? config : objectAt(config, place);
    return Object.keys(found ?? {})
      .filter((key) => !known.has(key))
      .map((key) => (place === '' ? key : `${place}.${key}`));
  });
  if (unknown.length > 0) tell(`the runtime will pass over what it does not know: ${unknown.join(', ')}`);
}
