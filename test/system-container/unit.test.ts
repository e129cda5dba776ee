import { describe, expect, test } from 'vitest';
import { BUILT_IN_UNIT, canBeEnabled, execCommands } from '../../src/system-container/unit.ts';

const call = (unitTemplate: string, systemdCgroup = true, pidFile = true) =>
  execCommands({
    unitTemplate,
    features: { systemdCgroup, pidFile },
    runtime: '/usr/bin/runc',
    name: 'kubelet',
    pidFile: '/run/k.pid',
  });

const DETACHED = {
  EXEC_START: "/usr/bin/runc --systemd-cgroup run -d --pid-file /run/k.pid 'kubelet'",
  EXEC_STOP: '',
  EXEC_STARTPRE: '',
  EXEC_STOPPOST: "/usr/bin/runc delete 'kubelet'",
};
const FOREGROUND = {
  EXEC_START: "/usr/bin/runc --systemd-cgroup run 'kubelet'",
  EXEC_STOP: "/usr/bin/runc --systemd-cgroup kill 'kubelet'",
  EXEC_STARTPRE: '',
  EXEC_STOPPOST: '',
};

describe('how a container is run', () => {
  test.each([
    ['the built-in unit', BUILT_IN_UNIT, DETACHED],
    ['both texts', 'x$EXEC_STOPPOST y$PIDFILE', DETACHED],
    ['no pid file in the unit', '$EXEC_STOPPOST', FOREGROUND],
    ['no clean-up in the unit', '$PIDFILE', FOREGROUND],
    ['braces do not count', '${EXEC_STOPPOST} ${PIDFILE}', FOREGROUND],
    ['nothing of it', '$EXEC_START', FOREGROUND],
  ])('%s', (_title, template, expected) => {
    expect(call(template)).toEqual(expected);
  });

  test('a runtime without --pid-file stays in the foreground', () => {
    expect(call(BUILT_IN_UNIT, true, false)).toEqual(FOREGROUND);
  });

  test('a runtime without --systemd-cgroup is not given it', () => {
    expect(call(BUILT_IN_UNIT, false).EXEC_START).toBe(
      "/usr/bin/runc run -d --pid-file /run/k.pid 'kubelet'",
    );
    expect(call('', false).EXEC_STOP).toBe("/usr/bin/runc kill 'kubelet'");
  });
});

test.each([
  [BUILT_IN_UNIT, true],
  ['[Service]\nExecStart=/bin/true\n', false],
  ['[Service]\n# [Install]\n', false],
  ['[Install] \nWantedBy=x', true],
])('whether a unit can be enabled', (unit, expected) => {
  expect(canBeEnabled(unit)).toBe(expected);
});
