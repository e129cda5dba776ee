import { CommandError } from '../../host/command-error.ts';
import type { Host } from '../../host/host.ts';
import { remoteScript } from '../../host/remote-script.ts';
import { KbootError } from '../../lib/errors.ts';
import { archiveOf, type Files } from '../machine/archive.ts';
import { deploymentPath, type Slot, tmpfilesPath, unitPath } from '../machine/paths.ts';
import { healthSeconds } from './switch-files.ts';

export interface Change {
  readonly root: string;
  readonly name: string;
  /** Of the deployment to build or to switch to. */
  readonly slot: Slot;
  /** The slot that is active now; undefined for an install. */
  readonly active: Slot | undefined;
  readonly build?: Files;
  readonly switch?: Files;
}

export interface Applied {
  /** Files that others have put in places which the deployment wants. */
  readonly existing: readonly string[];
  /** Files of the container that were changed since it put them there. */
  readonly modified: readonly string[];
  /** Milliseconds from the service's stop until it was up again. */
  readonly downtimeMs: number;
}

/** Exit status of apply.sh when the new deployment did not come up and the former one is back. */
const SWITCHED_BACK = 75;

/** For everything but the waits for health. */
const APPLY_TIMEOUT_MS = 15 * 60 * 1000;

/**
 * Builds a deployment, or switches to one, or both. Throws ROLLED_BACK when the deployment did not come up and the
 * former one runs again, COMMAND_FAILED for everything else; then nothing has changed, or what is half done is put
 * right by the next change.
 */
export async function applyChange(
  host: Host,
  change: Change,
  signal: AbortSignal | undefined,
): Promise<Applied> {
  const { root, name, slot, active } = change;
  const what = [change.build ? 'build' : '', change.switch ? 'switch' : ''].join(' ');
  const slots = [String(slot), active === undefined ? '' : String(active)];
  try {
    const { stdout } = await host.change(
      {
        ...remoteScript(
          'system-container/apply',
          root,
          name,
          ...slots,
          what,
          unitPath(name),
          tmpfilesPath(name),
        ),
        stdin: await archiveOf({ build: change.build, switch: change.switch }),
        sudo: true,
        timeoutMs: APPLY_TIMEOUT_MS + (change.switch ? healthSeconds(change.switch) * 1000 : 0),
      },
      signal,
    );
    return readSaid(stdout);
  } catch (error) {
    if (error instanceof CommandError && error.exitCode === SWITCHED_BACK) {
      throw rolledBack(host, change, error);
    }
    throw error;
  }
}

/** Ends a switch that was cut off: the deployment that was active before is so again. Throws COMMAND_FAILED. */
export async function recoverSwitch(
  host: Host,
  root: string,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const places = [unitPath(name), tmpfilesPath(name)];
  await host.change(
    { ...remoteScript('system-container/recover', root, name, ...places), sudo: true },
    signal,
  );
}

function rolledBack(host: Host, { root, name, active }: Change, cause: CommandError): KbootError {
  const why = cause.stderr.split('\n').find((line) => line.startsWith(`${name}: `));
  return new KbootError(
    'ROLLED_BACK',
    [
      `${host.name}: ${why ?? `${name} did not come up`}: rolled back to ${deploymentPath(root, name, active ?? 0)}, which runs`,
      ...journalIn(cause.stdout),
    ].join('\n'),
    { cause, host: host.name, hint: 'correct the image or its values, then update again' },
  );
}

function readSaid(stdout: string): Applied {
  const unique = (key: string) => [...new Set(linesOf(stdout, key))];
  return {
    existing: unique('existing'),
    modified: unique('modified'),
    downtimeMs: Number(/^\d{1,15}$/.exec(linesOf(stdout, 'away')[0] ?? '')?.[0] ?? 0),
  };
}

/** The end of the journal that a script printed, as an error shows it. */
export function journalIn(stdout: string): readonly string[] {
  const lines = linesOf(stdout, 'journal').map((line) => `    ${line}`);
  return lines.length > 0 ? ['  its journal ends with', ...lines] : [];
}

/** What a script printed in lines `KEY TAB VALUE`. */
export function linesOf(text: string, key: string): readonly string[] {
  return text
    .split('\n')
    .flatMap((line) => (line.startsWith(`${key}\t`) ? [line.slice(key.length + 1)] : []));
}
