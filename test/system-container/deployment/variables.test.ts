import { describe, expect, test } from 'vitest';
import { BUILT_IN_UNIT } from '../../../src/system-container/deployment/unit.ts';
import { computeValues, type ValueInputs } from '../../../src/system-container/deployment/variables.ts';
import {
  allProcessCapabilities,
  machineCapabilities,
} from '../../../src/system-container/machine/capabilities.ts';

const inputs: ValueInputs = {
  name: 'etcd',
  destination: '/var/lib/containers/atomic/etcd.0',
  image: { name: 'docker:example/etcd:v3', id: 'abc' },
  user: {},
  defaults: {},
  uuid: '0b57d7a4-3a4c-4d71-9f7c-0f4a1c5bb0aa',
  capabilities: ['CAP_CHOWN', 'CAP_KILL'],
  runtime: '/usr/bin/runc',
  readOnly: [],
  features: { systemdCgroup: true, pidFile: true },
  unitTemplate: BUILT_IN_UNIT,
};
const value = (name: string, changes: Partial<ValueInputs> = {}) =>
  computeValues({ ...inputs, ...changes }).get(name);

test('all built-in variables', () => {
  expect(Object.fromEntries(computeValues(inputs))).toEqual({
    NAME: 'etcd',
    DESTDIR: '/var/lib/containers/atomic/etcd.0',
    EXEC_START: "/usr/bin/runc --systemd-cgroup run -d --pid-file /run/container-etcd.pid 'etcd'",
    EXEC_STOP: '',
    EXEC_STARTPRE: '',
    EXEC_STOPPOST: "/usr/bin/runc delete 'etcd'",
    HOST_UID: 0,
    HOST_GID: 0,
    IMAGE_NAME: 'example/etcd:v3',
    IMAGE_ID: 'abc',
    RUN_DIRECTORY: '/run',
    CONF_DIRECTORY: '/etc',
    STATE_DIRECTORY: '/var/lib',
    PIDFILE: '/run/container-etcd.pid',
    UUID: inputs.uuid,
    ALL_PROCESS_CAPABILITIES: '"CAP_CHOWN",\n"CAP_KILL"\n',
    RUNTIME: '/usr/bin/runc',
    ATOMIC: '/usr/bin/atomic',
    BIN_DIRECTORY: '/usr/local/bin',
  });
});

describe('which source wins', () => {
  const forced = ['NAME', 'DESTDIR', 'EXEC_START', 'EXEC_STOP', 'EXEC_STARTPRE', 'EXEC_STOPPOST', 'HOST_UID'];
  test.each([...forced, 'HOST_GID', 'IMAGE_NAME', 'IMAGE_ID'])('nothing overrides %s', (name) => {
    expect(value(name, { user: { [name]: 'mine' }, defaults: { [name]: 'theirs' } })).toBe(value(name));
  });

  const overridable = [
    'RUN_DIRECTORY',
    'CONF_DIRECTORY',
    'STATE_DIRECTORY',
    'PIDFILE',
    'UUID',
    'RUNTIME',
    'ATOMIC',
  ];
  test.each([...overridable, 'ALL_PROCESS_CAPABILITIES'])('%s: user, then manifest, then engine', (name) => {
    expect(value(name, { user: { [name]: 'mine' }, defaults: { [name]: 'theirs' } })).toBe('mine');
    expect(value(name, { defaults: { [name]: 'theirs' } })).toBe('theirs');
  });

  test('a variable that the engine does not know', () => {
    expect(value('PORT', { defaults: { PORT: 8081 } })).toBe(8081);
    expect(value('PORT', { defaults: { PORT: 8081 }, user: { PORT: '1' } })).toBe('1');
    expect(value('PORT')).toBeUndefined();
  });

  test('names that objects have by themselves are ordinary variables', () => {
    expect(value('constructor')).toBeUndefined();
    expect(value('__proto__', { user: JSON.parse('{"__proto__":"x"}') })).toBe('x');
  });
});

test('the pid file follows the final run directory, and the commands follow the final pid file', () => {
  const user = { RUN_DIRECTORY: '/srv/run' };
  expect(value('PIDFILE', { user })).toBe('/srv/run/container-etcd.pid');
  expect(value('EXEC_START', { user })).toContain('--pid-file /srv/run/container-etcd.pid');
  expect(value('EXEC_START', { user: { PIDFILE: '/p' } })).toContain('--pid-file /p ');
});

test('overriding RUNTIME does not change how the container is run', () => {
  expect(value('EXEC_START', { user: { RUNTIME: '/bin/crun' } })).toMatch(/^\/usr\/bin\/runc /);
});

test.each([
  ['0', []],
  ['1', ['CAP_CHOWN']],
  ['10000000000', ['CAP_CHECKPOINT_RESTORE']],
  ['20000000000', []],
  ['0000000001000000', ['CAP_SYS_RESOURCE']],
  ['fffffe0000000000', []],
])('a bounding set %s', (set, names) => {
  expect(machineCapabilities(set)).toEqual(names);
});

test('the capabilities of a machine with all of them', () => {
  const all = machineCapabilities('000001ffffffffff');
  expect(all).toHaveLength(41);
  expect([all[0], all[37], all[38], all[39], all[40]]).toEqual([
    'CAP_CHOWN',
    'CAP_AUDIT_READ',
    'CAP_PERFMON',
    'CAP_BPF',
    'CAP_CHECKPOINT_RESTORE',
  ]);
  expect(JSON.parse(`[${allProcessCapabilities(all)}]`)).toEqual(all);
});
