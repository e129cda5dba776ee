/** Used when an image has no service.template. */
export const BUILT_IN_UNIT = `[Unit]
Description=$NAME

[Service]
ExecStartPre=$EXEC_STARTPRE
ExecStart=$EXEC_START
ExecStop=$EXEC_STOP
ExecStopPost=$EXEC_STOPPOST
Restart=on-failure
WorkingDirectory=$DESTDIR
PIDFile=$PIDFILE

[Install]
WantedBy=multi-user.target
`;

/** What the runtime says it can do. */
export interface RuntimeFeatures {
  /** `RUNTIME --help` mentions --systemd-cgroup. */
  readonly systemdCgroup: boolean;
  /** `RUNTIME run --help` mentions --pid-file. */
  readonly pidFile: boolean;
}

/** Nearly every runtime can do both. */
export const USUAL_FEATURES: RuntimeFeatures = { systemdCgroup: true, pidFile: true };

export interface ExecCommands {
  readonly EXEC_START: string;
  readonly EXEC_STOP: string;
  readonly EXEC_STARTPRE: string;
  readonly EXEC_STOPPOST: string;
}

interface ExecInputs {
  readonly unitTemplate: string;
  readonly runtime: string;
  readonly features: RuntimeFeatures;
  readonly name: string;
  readonly pidFile: string;
}

/**
 * The commands a unit starts and stops its container with. A container runs detached, without a resident
 * runtime process, when its unit cleans up by $EXEC_STOPPOST and tells systemd its $PIDFILE; only these two
 * spellings count.
 */
export function execCommands({ unitTemplate, runtime, features, name, pidFile }: ExecInputs): ExecCommands {
  const call = features.systemdCgroup ? `${runtime} --systemd-cgroup` : runtime;
  const detached =
    features.pidFile && unitTemplate.includes('$EXEC_STOPPOST') && unitTemplate.includes('$PIDFILE');
  return {
    EXEC_START: detached ? `${call} run -d --pid-file ${pidFile} '${name}'` : `${call} run '${name}'`,
    EXEC_STOP: detached ? '' : `${call} kill '${name}'`,
    EXEC_STARTPRE: '',
    EXEC_STOPPOST: detached ? `${runtime} delete '${name}'` : '',
  };
}

/** The unit can be enabled: it says what wants it. */
export const canBeEnabled = (unit: string): boolean => /^\[Install\]\s*$/m.test(unit);

const NOTIFY_CHANGE =
  'NotifyAccess is now main: the container has control groups of its own, and systemd hears it through the runtime only';

/**
 * The unit of a container that can report itself to systemd, and what was changed for it. NotifyAccess=all gives the
 * commands before the start systemd's own socket, and images hand their environment on into the container. But a
 * container that the runtime put into a control group of its own is none of the unit's processes to systemd, which drops
 * what it says. With `main` only the runtime has that socket, and passes on what it hears on the one that it makes.
 */
export function withReachableNotify(
  unit: string,
  start: string,
): { readonly unit: string; readonly changes: readonly string[] } {
  const isOwnGroup = start.includes(' --systemd-cgroup run ') && !start.includes(' run -d ');
  const isReached = !isOwnGroup || !unit.split('\n').includes(`ExecStart=${start}`);
  // What a command of the machine is to tell would not be heard any more.
  if (isReached || unit.includes('systemd-notify')) return { unit, changes: [] };
  const changed = unit.replace(/^NotifyAccess[ \t]*=[ \t]*all[ \t]*$/gm, 'NotifyAccess=main');
  return { unit: changed, changes: changed === unit ? [] : [NOTIFY_CHANGE] };
}
