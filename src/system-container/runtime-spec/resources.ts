import { isObject, type Json, leaveOut, listIn, objectAt, objectsIn, type Translation } from './json.ts';

/** What each part of linux.resources needs, by the names that versions 1 and 2 of cgroups have for it. */
const CONTROLLERS: Readonly<Record<string, readonly [v1: string | undefined, v2: string | undefined]>> = {
  memory: ['memory', 'memory'],
  cpu: ['cpu', 'cpu'],
  pids: ['pids', 'pids'],
  blockIO: ['blkio', 'io'],
  hugepageLimits: ['hugetlb', 'hugetlb'],
  rdma: ['rdma', 'rdma'],
  unified: [undefined, 'any'],
};

/** Limits that the machine's cgroups can hold. */
export function resources({ config, facts, tell }: Translation): void {
  const linux = objectAt(config, 'linux');
  const found = objectAt(config, 'linux', 'resources');
  if (facts.resctrl === false) leaveOut(tell, linux, 'linux', 'intelRdt', 'this machine has no resctrl');
  if (found === undefined) return;
  const out = (parent: Json | undefined, place: string, key: string, why: string) =>
    leaveOut(tell, parent, `linux.resources${place}`, key, why);
  network(found, facts, out);
  for (const [key, [v1, v2]] of Object.entries(CONTROLLERS)) {
    const controller = facts.cgroup === 2 ? v2 : v1;
    if (facts.cgroup === undefined || controller === 'any') continue;
    if (controller === undefined) out(found, '', key, `version ${facts.cgroup} of cgroups has none`);
    else if (facts.controllers && !facts.controllers.has(controller)) {
      out(found, '', key, `this machine has no controller ${controller}`);
    }
  }
  memory(found, facts, out);
  cpu(found, facts, out);
  blockIO(found, facts, out, tell);
  hugePages(found, facts, tell);
}

type LeaveOut = (parent: Json | undefined, place: string, key: string, why: string) => void;
type Facts = Translation['facts'];

function network(found: Json, { cgroup, controllers }: Facts, out: LeaveOut): void {
  const given = objectAt(found, 'network');
  for (const [key, controller] of [
    ['classID', 'net_cls'],
    ['priorities', 'net_prio'],
  ] as const) {
    if (cgroup === 2) out(given, '.network', key, 'version 2 of cgroups has none');
    else if (controllers && !controllers.has(controller)) {
      out(given, '.network', key, `this machine has no controller ${controller}`);
    }
  }
}

function memory(found: Json, { cgroup, swapLimit }: Facts, out: LeaveOut): void {
  const given = objectAt(found, 'memory');
  for (const key of ['kernel', 'kernelTCP'])
    out(given, '.memory', key, 'kernels limit it with the rest by now');
  if (swapLimit === false) out(given, '.memory', 'swap', 'this machine does not limit swap');
  if (cgroup !== 2) return;
  for (const key of ['swappiness', 'disableOOMKiller', 'useHierarchy']) {
    out(given, '.memory', key, 'version 2 of cgroups has none');
  }
}

function cpu(found: Json, { cgroup, controllers }: Facts, out: LeaveOut): void {
  const given = objectAt(found, 'cpu');
  if (controllers && !controllers.has('cpuset')) {
    for (const key of ['cpus', 'mems']) out(given, '.cpu', key, 'this machine has no controller cpuset');
  }
  if (cgroup !== 2) return;
  for (const key of ['realtimeRuntime', 'realtimePeriod']) {
    out(given, '.cpu', key, 'version 2 of cgroups has none');
  }
}

function blockIO(
  found: Json,
  { cgroup, ioWeight, blockDevices }: Facts,
  out: LeaveOut,
  tell: Translation['tell'],
): void {
  const given = objectAt(found, 'blockIO');
  if (ioWeight === false) {
    for (const key of ['weight', 'weightDevice'])
      out(given, '.blockIO', key, 'this machine has no weights for it');
  }
  if (cgroup === 2 || ioWeight === false) out(given, '.blockIO', 'leafWeight', 'this machine has none');
  for (const key of Object.keys(given ?? {})) {
    const devices = objectsIn(given, key);
    const gone = devices.filter(
      ({ major, minor }) =>
        blockDevices !== undefined && !blockDevices.has(`${String(major)}:${String(minor)}`),
    );
    if (given === undefined || gone.length === 0) continue;
    given[key] = devices.filter((device) => !gone.includes(device));
    const names = gone.map(({ major, minor }) => `${String(major)}:${String(minor)}`).join(', ');
    tell(`linux.resources.blockIO.${key}: left out devices that this machine does not have: ${names}`);
  }
}

function hugePages(found: Json, { hugePages: sizes }: Facts, tell: Translation['tell']): void {
  const list = listIn(found, 'hugepageLimits');
  const gone = objectsIn(found, 'hugepageLimits').filter(
    ({ pageSize }) => sizes !== undefined && !sizes.has(String(pageSize)),
  );
  if (gone.length === 0) return;
  found['hugepageLimits'] = list.filter((limit) => !isObject(limit) || !gone.includes(limit));
  const names = gone.map(({ pageSize }) => String(pageSize)).join(', ');
  tell(`linux.resources.hugepageLimits: left out pages that this machine does not have: ${names}`);
}

/** A path of another form than systemd's would keep it from making the cgroup. */
export function cgroupsPath({ config, facts, tell }: Translation): void {
  const linux = objectAt(config, 'linux');
  const path = linux?.['cgroupsPath'];
  if (!facts.systemdCgroup || typeof path !== 'string' || path.split(':').length === 3) return;
  leaveOut(tell, linux, 'linux', 'cgroupsPath', 'systemd makes the cgroups, and wants SLICE:PREFIX:NAME');
}
