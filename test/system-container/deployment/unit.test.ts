import { describe, expect, test } from 'vitest';
import {
  BUILT_IN_UNIT,
  canBeEnabled,
  execCommands,
  withReachableNotify,
} from '../../../src/system-container/deployment/unit.ts';

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

describe('who may tell systemd that a service is ready', () => {
  const start = "/usr/bin/runc --systemd-cgroup run 'docker'";
  const unit = (access: string, exec = start) =>
    `[Service]\nType=notify\n${access}ExecStartPre=/bin/bash -c 'export -p > /run/env'\nExecStart=${exec}\n`;
  const changed =
    'NotifyAccess is now main: the container has control groups of its own, and systemd hears it through the runtime only';

  test.each([
    ['NotifyAccess=all\n', 'NotifyAccess=main\n', [changed]],
    ['NotifyAccess = all \n', 'NotifyAccess=main\n', [changed]],
    ['NotifyAccess=exec\n', 'NotifyAccess=exec\n', []],
    ['NotifyAccess=main\n', 'NotifyAccess=main\n', []],
    ['# NotifyAccess=all\n', '# NotifyAccess=all\n', []],
    ['', '', []],
  ])('%j', (given, wanted, changes) => {
    expect(withReachableNotify(unit(given), start)).toEqual({ unit: unit(wanted), changes });
  });

  test.each([
    ['what is started is not the container', '/usr/bin/daemon'],
    ['a shell starts it', `/bin/sh -c "${start}"`],
    ['a command of the machine tells it', `${start}\nExecStartPost=/usr/bin/systemd-notify --ready`],
  ])('everybody, where %s', (_title, exec) => {
    const given = unit('NotifyAccess=all\n', exec);
    expect(withReachableNotify(given, start)).toEqual({ unit: given, changes: [] });
  });

  test.each([
    ['the container is in the control group of its unit', "/usr/bin/runc run 'docker'"],
    ['the runtime does not stay', "/usr/bin/runc --systemd-cgroup run -d --pid-file /run/p 'docker'"],
  ])('everybody, where %s', (_title, command) => {
    const given = unit('NotifyAccess=all\n', command);
    expect(withReachableNotify(given, command)).toEqual({ unit: given, changes: [] });
  });
});
