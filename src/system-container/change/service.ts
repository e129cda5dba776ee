import { CommandError } from '../../host/command-error.ts';
import type { Host } from '../../host/host.ts';
import { remoteScript } from '../../host/remote-script.ts';
import { KbootError } from '../../lib/errors.ts';
import { archiveOf } from '../machine/archive.ts';
import { CHECKOUT_ROOT, unitName } from '../machine/paths.ts';
import { journalIn, linesOf } from './apply.ts';
import { requireInstalled } from './installed.ts';
import { type SwitchOptions, startFiles } from './switch-files.ts';

/** Starts an installed container; one that runs is left alone. Throws COMMAND_FAILED. */
export async function startSystemContainer(host: Host, name: string, signal?: AbortSignal): Promise<void> {
  await host.change({ ...remoteScript('system-container/start-units', unitName(name)), sudo: true }, signal);
}

/** Enables and starts units of the host. Throws COMMAND_FAILED. */
export async function startUnits(host: Host, units: readonly string[], signal?: AbortSignal): Promise<void> {
  await host.change({ ...remoteScript('system-container/enable-units', ...units), sudo: true }, signal);
}

/** Exit status of start-healthy.sh when the service did not come up. */
const UNHEALTHY = 76;

/** Beyond what the health check may take: the journal is read, and units have a time limit for their start. */
const START_SLACK_MS = 5 * 60 * 1000;

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
        ...remoteScript('system-container/start-healthy', CHECKOUT_ROOT, name, String(slot)),
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
