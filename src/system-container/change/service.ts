import { script } from '../../host/command.ts';
import { CommandError } from '../../host/command-error.ts';
import type { Host } from '../../host/host.ts';
import { KbootError } from '../../lib/errors.ts';
import { archiveOf } from '../machine/archive.ts';
import { CHECKOUT_ROOT, unitName } from '../machine/paths.ts';
import { SHELL_FUNCTIONS } from '../machine/shell.ts';
import { journalIn, linesOf } from './apply.ts';
import { requireInstalled } from './installed.ts';
import { type SwitchOptions, startFiles } from './switch-files.ts';
import { SWITCH_FUNCTIONS } from './switch-script.ts';

/** Starts a unit; when that fails, the last lines of its journal become the error's. */
const START = `
for unit do
  if ! systemctl start "$unit"; then
    journalctl -u "$unit" -n 10 --no-pager -o cat >&2 || true
    echo "$unit did not start" >&2
    exit 1
  fi
done
`;

/** Starts an installed container; one that runs is left alone. Throws COMMAND_FAILED. */
export async function startSystemContainer(host: Host, name: string, signal?: AbortSignal): Promise<void> {
  await host.change({ ...script(START, unitName(name)), sudo: true }, signal);
}

/** Enables and starts units of the host. Throws COMMAND_FAILED. */
export async function startUnits(host: Host, units: readonly string[], signal?: AbortSignal): Promise<void> {
  await host.change({ ...script(`systemctl --quiet enable "$@"\n${START}`, ...units), sudo: true }, signal);
}

/** Exit status of a start whose service did not come up. */
const UNHEALTHY = 76;

/** Beyond what the health check may take: the journal is read, and units have a time limit for their start. */
const START_SLACK_MS = 5 * 60 * 1000;

/**
 * $1 checkout root, $2 container, $3 slot of the active deployment; on stdin an archive with `forward`, see startFiles.
 * Prints `ended TAB HOW` of a service that is not running and has not failed either, and `unchecked TAB PROGRAM` of
 * one that runs when the machine does not have the program of the health check, which another container may bring later.
 */
const START_HEALTHY = `${SHELL_FUNCTIONS}${SWITCH_FUNCTIONS}
root=$1 name=$2 slot=$3
switching=$(mktemp -d /run/kboot.XXXXXX)
trap 'rm -rf "$switching"' EXIT
trap 'exit 129' HUP INT TERM PIPE
tar -xf - -C "$switching" --no-same-owner
: > "$switching/running"
: > "$switching/units-running"
: > "$switching/said"
date +%s > "$switching/begun"
program=$(tr '\\0' '\\n' < "$switching/forward/health" | head -n 1)
if [ -n "$program" ] && ! command -v -- "$program" > /dev/null; then
  : > "$switching/forward/health"
else program=
fi
code=0
if ! systemctl start "$name.service"; then
  code=1 why="it did not start"
else
  healthy "$switching/forward" "$slot" || code=$?
fi
if [ "$code" = 0 ]; then
  if [ -n "$program" ]; then printf 'unchecked\\t%s\\n' "$program"; fi
  exit 0
fi
if [ "$code" = 2 ]; then
  how="ended by itself, without an error"
  if [ "$(systemctl show --property=ConditionResult --value "$name.service")" = no ]; then
    how="was not started: a condition of its unit is not met"
  fi
  printf 'ended\\t%s\\n' "$how"
  exit 0
fi
echo "$name: $why" >&2
last_lines
cat "$switching/said"
exit ${UNHEALTHY}
`;

/**
 * Starts an installed container's service and waits until it is healthy, as an update does. Resolves with what has to
 * be said of one that does not run and has not failed (its program ended, or its unit has a condition), or whose health
 * cannot be asked.
 *
 * Throws UNHEALTHY with the reason and the end of its journal; it stays installed, to be looked into.
 */
export async function startUntilHealthy(
  host: Host,
  name: string,
  { signal, healthTimeoutS }: SwitchOptions = {},
): Promise<readonly string[]> {
  const { slot, info } = await requireInstalled(host, name, signal);
  if (!info['has-container-service']) return [];
  try {
    const { stdout } = await host.change(
      {
        ...script(START_HEALTHY, CHECKOUT_ROOT, name, String(slot)),
        stdin: await archiveOf({ forward: startFiles(info, healthTimeoutS) }),
        sudo: true,
        timeoutMs: (healthTimeoutS ?? info['health-timeout']) * 1000 + START_SLACK_MS,
      },
      signal,
    );
    return [
      ...linesOf(stdout, 'ended').map((how) => `${name} ${how}`),
      ...linesOf(stdout, 'unchecked').map(
        (program) =>
          `${name} was started and stays up; its health was not checked, for the machine does not have ${program}`,
      ),
    ];
  } catch (error) {
    if (error instanceof CommandError && error.exitCode === UNHEALTHY) throw unhealthy(host, name, error);
    throw error;
  }
}

function unhealthy(host: Host, name: string, cause: CommandError): KbootError {
  const why =
    cause.stderr.split('\n').find((line) => line.startsWith(`${name}: `)) ?? `${name} is not healthy`;
  return new KbootError(
    'UNHEALTHY',
    [`${host.name}: ${why}: it is installed, and does not serve`, ...journalIn(cause.stdout)].join('\n'),
    {
      cause,
      host: host.name,
      hint: `kboot containers logs ${name} says more; correct what it lacks and install again, or kboot containers uninstall ${name}`,
    },
  );
}
